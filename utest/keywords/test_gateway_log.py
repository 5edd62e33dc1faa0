"""What stands in a gateway's log, and what must not."""

import json
import threading
from datetime import timedelta
from unittest.mock import MagicMock

import pytest
from robot.api.types import Secret

from keywords.gateway_log import GatewayLogLibrary
from keywords.world import Gateway

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
