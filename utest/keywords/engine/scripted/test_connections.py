"""Connections of the scripted backend: requests, keep-alive, disconnects, resets."""

import json
import socket
import time

import pytest

from keywords.engine import clock
from keywords.engine.scripted.backend import ScriptedBackend, ScriptedBackendError
from keywords.engine.scripted.script import Fault, Script

PATH = "/v1/chat/completions"
BODY = b'{"model": "one", "messages": []}'


def test_a_connection_is_kept_and_pipelined_requests_are_answered_in_order(scripted, wire):
    scripted.play(*(Script(chunks=(name,)) for name in "abc"))
    for _ in range(3):
        wire.ask()
    assert [json.loads(wire.answer()[1])["choices"][0]["message"]["content"] for _ in range(3)] == ["a", "b", "c"]
    assert {request.connection for request in scripted.requests} == {scripted.requests[0].connection}


def test_a_request_may_come_byte_by_byte(scripted, wire):
    for byte in b"POST %s HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (PATH.encode(), len(BODY)) + BODY:
        wire.send(bytes([byte]))
    assert wire.answer()[0].startswith(b"HTTP/1.1 200 OK")
    assert scripted.requests[0].body == BODY


def test_a_chunked_request_is_recorded_without_its_framing(scripted, wire):
    wire.send(b"POST %s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" % PATH.encode())
    for piece in (BODY[:10], BODY[10:]):
        wire.send(b"%x;why=not\r\n%s\r\n" % (len(piece), piece))
    wire.send(b"0\r\n\r")
    wire.send(b"\n")
    assert wire.answer()[0].startswith(b"HTTP/1.1 200 OK")
    wire.send(b"POST %s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n" % PATH.encode())
    assert wire.answer()[0].startswith(b"HTTP/1.1 200 OK")
    assert [request.body for request in scripted.requests] == [BODY, b"{}"]


def test_a_client_that_waits_for_100_gets_it(wire):
    wire.send(b"POST %s HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n" % PATH.encode())
    assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"{}")
    assert wire.answer()[0].startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "bad",
    [
        b"nonsense\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(wire, bad):
    wire.send(bad)
    assert wire.rest().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("asks", [b"HTTP/1.1\r\nConnection: close", b"HTTP/1.0"])
def test_a_client_may_ask_to_close(wire, asks):
    wire.send(b"GET /v1/models " + asks + b"\r\n\r\n")
    assert wire.rest().startswith(b"HTTP/1.1 200 OK")


def test_an_announced_end_closes_the_connection(scripted, wire):
    scripted.script = Script(keep_alive="announced")
    wire.ask()
    assert b"\r\nconnection: close\r\n" in wire.rest()


def test_a_silent_end_closes_the_connection_without_a_word(scripted, wire):
    scripted.script = Script(keep_alive="silent")
    wire.ask(stream=True)
    text = wire.rest()
    assert text.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert b"connection" not in text.lower()


def test_a_stale_connection_breaks_under_the_next_request(scripted, wire, connect):
    scripted.play(Script(keep_alive="stale"), Script(chunks=("second",)))
    wire.ask()
    wire.answer()
    wire.ask()
    assert wire.rest_before_reset() == b""
    other = connect()
    assert b"second" in other.body()
    assert [request.ending for request in scripted.requests] == ["complete", "stale", "complete"]


def test_a_disconnect_is_recorded_at_once(scripted, wire):
    scripted.script = Script(chunk_delay=5)
    wire.ask(stream=True)
    wire.until(b"\r\n\r\n")
    left = clock.now()
    wire.socket.close()
    (request,) = scripted.await_requests(lambda requests: requests[0].disconnected_at_s is not None, 2)
    assert 0 < request.disconnected_at_s - left < 0.5
    assert request.ended_at_s is None


def test_a_close_after_the_answer_is_no_disconnect(scripted, wire):
    wire.body()
    wire.socket.close()
    time.sleep(0.05)
    (request,) = scripted.chat_requests()
    assert (request.disconnected_at_s, request.ending) == (None, "complete")


def test_a_large_answer_waits_for_a_slow_reader(scripted, wire):
    scripted.script = Script(chunks=("x" * 500_000,) * 20)
    wire.ask(stream=True)
    wire.until(b"\r\n\r\n")
    time.sleep(0.2)
    (request,) = scripted.chat_requests()
    assert len(request.sent) < 20
    assert b"[DONE]" in wire.until(b"[DONE]")


def test_connections_can_be_dropped(scripted, wire):
    wire.body()
    scripted.drop_connections()
    assert wire.rest_before_reset() == b""


def test_a_dropped_connection_is_no_disconnect(scripted, wire):
    scripted.script = Script(fault=Fault("silence"))
    wire.ask()
    scripted.await_requests(bool, 5)
    scripted.drop_connections()
    assert wire.rest_before_reset() == b""
    (request,) = scripted.chat_requests()
    assert (request.ending, request.disconnected_at_s) == ("dropped", None)


def test_connections_can_be_ignored_for_a_while(scripted, connect):
    scripted.ignore_connections()
    address = ("127.0.0.1", int(scripted.url.rpartition(":")[2]))
    try:
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.3)
    finally:
        scripted.accept_connections()
    wire = connect()
    assert b"One two" in wire.body()


def test_what_was_recorded_outlives_the_process(shared_backend, connect):
    wire = connect()
    shared_backend.forget_requests()
    wire.body()
    shared_backend.stop()
    assert len(shared_backend.chat_requests()) == 1
    with pytest.raises(ScriptedBackendError, match="does not run: start it"):
        shared_backend.drop_connections()
    shared_backend.start()
    assert len(shared_backend.chat_requests()) == 1


def test_a_taken_port_is_an_error(scripted):
    second = ScriptedBackend(port=int(scripted.url.rpartition(":")[2]))
    with pytest.raises(OSError, match="cannot be used: Address already in use"):
        second.start()
