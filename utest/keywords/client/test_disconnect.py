"""A client that leaves is gone when it says so, and says what it had read."""

import base64
from datetime import timedelta

import pytest
from robot.api import SkipExecution

from keywords.client import disconnect
from keywords.client.disconnect import DisconnectLibrary
from keywords.engine.http.disconnect import send_and_disconnect
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import Script
from keywords.run import target

A_MOMENT = timedelta(milliseconds=50)


@pytest.fixture
def library(monkeypatch, scripted):
    client = ChatClient(scripted.url, api_key="sk-canary", model="one")
    monkeypatch.setattr(target, "client", lambda: client)
    monkeypatch.setattr(target, "api_key", lambda: "sk-canary")
    return DisconnectLibrary()


def left(scripted):
    (request,) = scripted.await_requests(lambda found: bool(found and found[0].disconnected_at_s), 5)
    return request


def test_it_leaves_before_a_plain_answer(library, scripted):
    scripted.script = Script(first_delay=5)
    departure = library.ask_and_leave("Hello.", A_MOMENT, seed=7)
    request = left(scripted)
    assert (departure.status, departure.received) == (None, b"")
    assert departure.at_s < request.disconnected_at_s
    assert departure.at_s - request.at_s > 0.04
    assert (request.json()["seed"], "stream" in request.json()) == (7, False)
    assert request.headers["authorization"] == "Bearer sk-canary"
    assert departure.exchange.request_body == request.body
    assert "sk-canary" not in repr(departure.exchange)
    assert departure.exchange.failure == "the client left on purpose"


def test_it_leaves_in_the_middle_of_a_stream(library, scripted):
    scripted.script = Script(chunks=("a", "b", "c"), chunk_delay=0.1)
    departure = library.stream_and_leave("Hello.", events=2)
    assert (departure.status, departure.received.count(b"data: ")) == (200, 2)
    assert departure.at_s < left(scripted).disconnected_at_s


def test_a_stream_that_ends_before_is_an_error(library, scripted):
    scripted.script = Script(chunks=("a",))
    with pytest.raises(ConnectionError, match=r"The answer \(status 200\) ended after 3 events"):
        library.stream_and_leave("Hello.", events=9)


def test_user_and_password_of_the_address_are_sent_and_not_shown(scripted):
    scripted.script = Script(first_delay=5)
    address = scripted.url.replace("http://", "http://tester:p%20w@")
    departure = send_and_disconnect(address, {"model": "m"}, api_key="sk-canary", after_s=0.05)
    assert left(scripted).headers["authorization"] == f"Basic {base64.b64encode(b'tester:p w').decode()}"
    assert departure.exchange.url == f"{scripted.url}/v1/chat/completions"
    assert departure.exchange.request_headers["authorization"] == "Basic <secret>"


def test_it_leaves_once_the_backend_is_asked(library, scripted):
    scripted.script = Script(connect_delay=0.3, hold_after=0)
    departure = library.ask_and_leave("Hello.", asked=scripted)
    assert left(scripted).at_s < departure.at_s
    departure = library.stream_and_leave("Hello.", events=0, asked=scripted)
    _, second = scripted.await_requests(lambda found: len(found) == 2, 5)
    assert second.at_s < departure.at_s


def test_a_backend_that_is_never_asked_is_a_failure(library, scripted, monkeypatch):
    monkeypatch.setattr(disconnect, "_ASKED_WITHIN_S", 0.1)
    scripted.script = Script(connect_delay=5)
    with pytest.raises(AssertionError, match="did not ask the backend within"):
        library.ask_and_leave("Hello.", asked=scripted)


def test_a_client_that_left_late_leaves_no_verdict(library, scripted):
    scripted.script = Script(hold_after=0)
    departure = library.ask_and_leave("Hello.", asked=scripted)
    library.client_should_have_left_within(timedelta(seconds=60), departure, scripted)
    with pytest.raises(SkipExecution, match=r"INCONCLUSIVE: The client left .* s after the backend was asked, and not"):
        library.client_should_have_left_within(timedelta(0), departure, scripted)
