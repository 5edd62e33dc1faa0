"""What a scripted backend saw is told and judged."""

import time
from datetime import timedelta

import httpx2
import pytest
from assertionengine import AssertionOperator

from keywords.backend.recording import RecordingLibrary
from keywords.engine import clock
from keywords.engine.openai.client import ChatClient
from keywords.engine.scripted.backend import Fault, Script

EQUAL = AssertionOperator["=="]
LESS = AssertionOperator["<"]
A_MOMENT = timedelta(milliseconds=50)


@pytest.fixture
def library():
    return RecordingLibrary()


def test_requests_are_told_and_counted(library, scripted, wire):
    wire.send(b"GET /v1/models HTTP/1.1\r\n\r\n")
    wire.answer()
    assert library.get_request_count(scripted, EQUAL, 0) == 0
    wire.body(seed=7)
    (recorded,) = library.get_recorded_requests(scripted)
    assert recorded.json()["seed"] == 7
    with pytest.raises(AssertionError, match="Number of requests should be 2, got 1"):
        library.get_request_count(scripted, EQUAL, 2)
    wire.body()
    assert library.get_request_count_growth(scripted, 1, EQUAL, 1) == 1
    with pytest.raises(AssertionError, match="requests after the first 1 should be 0, got 1"):
        library.get_request_count_growth(scripted, 1, EQUAL, 0)


def test_the_last_wait_is_held_against_the_one_asked_for(library, scripted, wire):
    for pause in (0, 0.1, 0.2):
        time.sleep(pause)
        wire.body()
        if not pause:
            with pytest.raises(AssertionError, match="There is no wait between requests: the backend recorded 1"):
                library.get_surplus_wait(scripted, 0.1)
    assert 0 <= library.get_surplus_wait(scripted, 0.2, LESS, 1.0) < 0.1
    with pytest.raises(AssertionError, match=r"Surplus of the wait \(s\) should be less than 0, got 0\.1\d+; the wait"):
        library.get_surplus_wait(scripted, 0.1, LESS, 0)


def test_chunks_have_their_times(library, scripted, wire):
    scripted.script = Script(chunks=("a", "b"), chunk_delay=0.1, early_role=True)
    wire.body(stream=True)
    first, second = library.get_chunk_send_times(scripted)
    assert second - first >= 0.099
    assert library.get_pause_between_chunks(scripted, "max", LESS, 5) == second - first
    with pytest.raises(AssertionError, match="There is no request 1: the backend recorded 1"):
        library.get_chunk_send_times(scripted, 1)
    wire.body()
    with pytest.raises(AssertionError, match="too few chunks"):
        library.get_pause_between_chunks(scripted, "min")


def test_chunks_take_their_time_to_the_client(library, scripted):
    scripted.script = Script(chunks=("a", "b", "c"), chunk_delay=0.05)
    client = ChatClient(scripted.url, api_key=None, model="one")
    stream = client.stream("Hello.")
    client.close()
    least = library.get_transit_time_of_chunks(scripted, stream, "min", LESS, 0.5)
    most = library.get_transit_time_of_chunks(scripted, stream, "max", request=0)
    assert 0 < least <= most
    scripted.script = Script(chunks=("a",))
    httpx2.post(f"{scripted.url}/v1/chat/completions", json={"stream": True}, trust_env=False)
    with pytest.raises(AssertionError, match=r"1 chunks were sent, and 3 pieces of text were read\."):
        library.get_transit_time_of_chunks(scripted, stream, "max")


def test_a_client_that_leaves_is_told(library, scripted, connect):
    scripted.script = Script(fault=Fault("silence"))
    wire = connect()
    wire.ask()
    assert scripted.await_requests(lambda requests: len(requests) >= 1, 2.0)
    with pytest.raises(AssertionError, match=r"The client was still there after 0\.05 s"):
        library.get_client_disconnect_time(scripted, within=A_MOMENT)
    moment = clock.now()
    wire.socket.close()
    assert library.get_time_from_moment_to_disconnect(scripted, moment, LESS, 0.5) > 0
    assert library.get_client_disconnect_time(scripted, request=0) > moment


def test_a_client_that_stayed_is_told_too(library, scripted, wire):
    wire.body()
    with pytest.raises(AssertionError, match=r"The client stayed until the answer had ended \(complete\)"):
        library.get_client_disconnect_time(scripted)
    scripted.forget_requests()
    with pytest.raises(AssertionError, match="There is no request -1: the backend recorded 0"):
        library.get_client_disconnect_time(scripted, within=A_MOMENT)
