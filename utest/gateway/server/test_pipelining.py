"""Requests that are written before the answer to the one before them has come."""

import json
import time

import pytest

from gateway.server import pipelining

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
STREAM_BODY = BODY.replace(b"{", b'{"stream": true, ', 1)
POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
CHAT = POST % len(BODY) + BODY
STREAM = POST % len(STREAM_BODY) + STREAM_BODY
HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
JUNK = b"\0\1\2junk\r\n\r\n"


@pytest.mark.parametrize(
    ("junk", "refused"),
    [
        (JUNK, (400, None)),
        (b"\x16\x03\x01\x02", (400, None)),
        (b"GET /health HTTP/1.1\r\n\r\n", (400, "invalid_header")),
        (b"GET /health HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", (400, None)),
        (b"GET /health HTTP/2.0\r\nhost: x\r\n\r\n", (505, "http_version_not_supported")),
        (b"POST /health HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", (400, None)),
        (b"POST /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", (400, None)),
        (b"GET /health HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 300 + b"\r\n", (431, "headers_too_large")),
    ],
)
@pytest.mark.parametrize("before", [1, 3])
def test_a_request_before_junk_gets_its_own_answer(connect, backend, junk, refused, before):
    connection = connect()
    connection.sendall(CHAT * before + junk)
    assert [connection.status() for _ in range(before)] == [200] * before
    assert connection.refusal() == refused
    assert len(backend.bodies) == before


def test_a_stream_before_junk_ends_whole(connect, backend):
    backend.streams(*[backend.chunk("a")] * 20, backend.chunk(None, "stop"))
    connection = connect()
    connection.sendall(STREAM)
    data = connection.recv(65_536)
    connection.sendall(JUNK)
    data += connection.rest()
    stream, _, refusal = data.partition(b"0\r\n\r\n")
    assert stream.count(b'"a"') == 20
    assert stream.endswith(b"data: [DONE]\n\n\r\n")
    assert refusal.startswith(b"HTTP/1.1 400 ")


def test_waiting_requests_are_left_in_the_socket(connect, client, backend, protocol_of):
    backend.is_silent()
    connection = connect()
    connection.sendall(CHAT)
    assert backend.called.wait(5)
    for _ in range(500):
        connection.sendall(HEALTH)
        time.sleep(0.0005)
    protocol = protocol_of(client, connection)
    assert 0 < len(protocol.pipeline) <= pipelining.PIPELINED
    assert protocol.flow.read_paused
    protocol.loop.call_soon_threadsafe(protocol.transport.abort)


def test_all_that_were_written_together_are_answered_up_to_the_bound(connect):
    connection = connect()
    connection.sendall(HEALTH * (pipelining.PIPELINED + 1))
    for _ in range(pipelining.PIPELINED + 1):
        assert connection.status() == 200


def test_beyond_the_bound_the_last_answer_announces_the_end(connect):
    connection = connect()
    connection.sendall(HEALTH * 1500)
    answered = 1
    while (answer := connection.answer())[1].get("connection") != "close":
        assert answer[0] == 200
        answered += 1
    assert answered > pipelining.PIPELINED
    assert connection.rest() == b""


def test_requests_in_many_writes_are_all_answered(connect):
    connection = connect()
    for _ in range(200):
        connection.sendall(HEALTH)
        time.sleep(0.0005)
    assert [connection.status() for _ in range(200)] == [200] * 200


def test_bodies_of_waiting_requests_are_read_in_their_turn(connect, backend):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 19_000}]}).encode()
    connection = connect()
    connection.sendall((POST % len(body) + body) * 12)
    assert [connection.status() for _ in range(12)] == [200] * 12
    assert backend.bodies == [body] * 12


def test_a_client_that_leaves_takes_its_waiting_requests_along(connect, client, backend, protocol_of):
    backend.is_silent()
    connection = connect()
    connection.sendall(CHAT * 3)
    assert backend.called.wait(5)
    protocol = protocol_of(client, connection)
    assert len(protocol.pipeline) == 2
    protocol.loop.call_soon_threadsafe(protocol.transport.abort)
    assert backend.closed.wait(5)
    time.sleep(0.1)
    assert not protocol.pipeline
    assert len(backend.bodies) == 1
