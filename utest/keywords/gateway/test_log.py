"""What stands in a gateway's log, and what must not."""

import json
import threading
from datetime import timedelta
from unittest.mock import MagicMock

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution
from robot.api.types import Secret

from keywords.engine.http.exchange import Exchange
from keywords.engine.machine import Machine
from keywords.gateway import log as gateway_log
from keywords.gateway.log import GatewayLogLibrary
from keywords.run.context import Gateway

LESS = AssertionOperator["<"]
QUIET, LOADED = Machine(0.0, 2, 1.0), Machine(9.0, 2, 4.0)
KEY = "qa-0123456789abcdef"


@pytest.fixture
def gateway(tmp_path):
    log = tmp_path / "gateway.log"
    log.write_text(f'{{"id": "a"}}\n{{"id": "b", "leak": "{KEY}"}}\nTraceback (most recent call last):\n')
    return Gateway("http://127.0.0.1:1", 1, "i", log, Secret(KEY), MagicMock())


@pytest.fixture
def library():
    return GatewayLogLibrary()


def test_a_text_in_the_log_is_found_and_shown(library, gateway):
    with pytest.raises(AssertionError, match="contains 'Traceback' in 1 lines, first:\nTraceback"):
        library.gateway_log_should_not_contain("Traceback", gateway)
    library.gateway_log_should_not_contain("panic", gateway)


def test_a_key_in_the_log_is_found_and_not_shown(library, gateway):
    with pytest.raises(AssertionError, match="contains '<secret>' in 1 lines") as caught:
        library.gateway_log_should_not_contain(gateway.api_key, gateway)
    assert KEY not in str(caught.value)
    assert "<secret>" in str(caught.value).splitlines()[1]


def test_log_lines_are_chosen_by_their_text(library, gateway):
    assert len(library.get_gateway_log_lines(gateway=gateway)) == 3
    assert [json.loads(line)["id"] for line in library.get_gateway_log_lines('"b"', gateway)] == ["b"]


def test_the_entry_of_a_request_is_waited_for_and_read(library, gateway):
    entry = (
        '{"event":"request","id":"r1","completion_tokens":5,"tokens_source":"tokenizer","attempts":[{"status":200}]}'
    )
    with gateway.log.open("a") as log:
        log.write(f'{{"event":"attempt","id":"r1"}}\n{entry[:30]}')
        log.flush()
        with pytest.raises(AssertionError, match=r"gateway\.log has no line about the request r1 after 0 s"):
            library.get_log_entry("r1", gateway, within=timedelta(0))
        threading.Timer(0.1, lambda: (log.write(f"{entry[30:]}\n"), log.flush())).start()
        found = library.get_log_entry("r1", gateway, within=timedelta(seconds=5))
    assert (found.tokens_source, found.attempts[0]["status"]) == ("tokenizer", 200)
    assert library.get_completion_tokens(found, LESS, 6) == 5
    with pytest.raises(
        AssertionError, match=r"tokens of the answer should be less than 5, got 5; counted by tokenizer"
    ):
        library.get_completion_tokens(found, LESS, 5)


def test_a_line_that_comes_late_is_waited_for(library, gateway):
    def write():
        with gateway.log.open("a") as log:
            log.write('{"id": "late"}\n')

    threading.Timer(0.1, write).start()
    library.gateway_should_log("late", timedelta(seconds=5), gateway)
    assert library.get_gateway_log_lines("late", gateway)


def test_a_line_that_does_not_come_is_a_verdict(library, gateway):
    with pytest.raises(AssertionError, match=r"gateway\.log does not contain 'never' after 0\.05 s"):
        library.gateway_should_log("never", timedelta(seconds=0.05), gateway)


def request_after(gateway, *events):
    """Log these events, a request, and the start of the model; return the request."""
    lines = [{"event": event} for event in events] + [{"event": "request", "id": "late"}, {"event": "backend_ready"}]
    gateway.log.write_text("".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines))
    return Exchange("GET", "http://x", {}, b"", 0.0, response_headers={"x-request-id": "late"})


@pytest.mark.parametrize("events", [["backend_ready"], ["backend_ready", "backend_crashed"]])
def test_a_model_that_was_away_until_the_request_is_told_by_the_log(library, gateway, events):
    library.model_should_have_been_away(request_after(gateway, *events), gateway)


@pytest.mark.parametrize(("machine", "outcome"), [(QUIET, AssertionError), (LOADED, SkipExecution)])
def test_a_model_that_was_ready_again_before_the_request_is_judged(library, gateway, monkeypatch, machine, outcome):
    monkeypatch.setattr(gateway_log, "measure_machine", lambda: machine)
    request = request_after(gateway, "backend_ready", "backend_crashed", "backend_ready")
    with pytest.raises(outcome, match="The model was ready again"):
        library.model_should_have_been_away(request, gateway)


@pytest.mark.parametrize(("machine", "outcome"), [(QUIET, AssertionError), (LOADED, SkipExecution)])
def test_tokens_beyond_what_was_read_are_judged(library, monkeypatch, machine, outcome):
    monkeypatch.setattr(gateway_log, "measure_machine", lambda: machine)
    departure = MagicMock(received=b"data: a\n\ndata: b\n\ndata: c")
    assert library.get_unread_tokens({"completion_tokens": 9}, departure, LESS, 8) == 7
    with pytest.raises(outcome, match="Tokens of the stream not read should be less than 7, got 7"):
        library.get_unread_tokens({"completion_tokens": 9}, departure, LESS, 7)
    many = int(7 * LOADED.slowdown) + 3
    with pytest.raises(AssertionError, match="Tokens of the stream not read should be less than 7"):
        library.get_unread_tokens({"completion_tokens": many}, departure, LESS, 7)
