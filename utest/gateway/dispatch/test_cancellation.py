"""A client that leaves takes its attempt with it, whatever the gateway is waiting for, and nothing else."""

import asyncio
import json
import queue
import socket
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import web


@pytest.fixture
def ended(monkeypatch):
    """`ended()` is the record of the next request that ends."""
    records = queue.Queue()
    monkeypatch.setattr("gateway.observability.request_log.RequestLog.add", lambda _, record: records.put(record))
    return lambda: records.get(timeout=5)


@pytest.fixture(scope="module")
def gateway(start_gateway, _backend):
    """A gateway that attempts `m` three times, and `probed` too, whose breaker opens at once and for 0.3 s."""
    up = {"kind": "openai", "base_url": _backend.url}
    with start_gateway(
        retries={"attempts": 3, "base_s": 0.05},
        breaker={"consecutive_failures": 3, "open_s": 0.3},
        backends={"up": up, "spare": up, "claude": {"kind": "anthropic", "base_url": _backend.url}},
        models={
            "m": {"route": [{"backend": "up"}, {"backend": "spare"}]},
            "probed": {"route": [{"backend": "up"}]},
            "claude": {"route": [{"backend": "claude"}]},
        },
    ) as client:
        yield client


@contextmanager
def asking(client, *, model="m", stream=False, path="/v1/chat/completions"):
    """A request on a socket of its own, which closes at the end of the block, answered or not."""
    address = urlsplit(str(client.http.base_url))
    request = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": stream}
    body = json.dumps(request).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(head.encode() + b"content-type: application/json\r\n\r\n" + body)
        yield connection


def is_cancelled(record, *outcomes):
    assert record.status == 499
    assert [attempt.outcome for attempt in record.attempts] == list(outcomes)


@pytest.mark.parametrize("stream", [False, True])
def test_while_the_backend_is_silent(gateway, backend, ended, stream):
    backend.is_silent()
    with asking(gateway, stream=stream):
        assert backend.called.wait(5)
    assert backend.closed.wait(5)
    is_cancelled(ended(), "cancelled")
    assert len(backend.bodies) == 1, "no further attempt"


def test_between_two_events_of_a_stream(gateway, backend, ended):
    backend.streams(backend.chunk("a"), pause_s=30)
    with asking(gateway, stream=True) as connection:
        while b"data: " not in connection.recv(4096):
            pass
    assert backend.closed.wait(5)
    record = ended()
    is_cancelled(record, "cancelled")
    assert record.attempts[0].status == 200


@pytest.mark.parametrize("model", ["m", "claude"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_message_while_the_backend_is_silent(gateway, backend, ended, model, stream):
    backend.is_silent()
    with asking(gateway, model=model, stream=stream, path="/v1/messages"):
        assert backend.called.wait(5)
    assert backend.closed.wait(5)
    is_cancelled(ended(), "cancelled")
    assert len(backend.bodies) == 1, "no further attempt"


@pytest.mark.parametrize("model", ["m", "claude"])
def test_between_two_events_of_a_message(gateway, backend, ended, model):
    start = b'event: message_start\ndata: {"type": "message_start", "message": {}}\n\n'
    start += b'data: {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}\n\n'
    start += b'data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}\n\n'
    backend.streams(start if model == "claude" else backend.chunk("a"), pause_s=30)
    with asking(gateway, model=model, stream=True, path="/v1/messages") as connection:
        while b"message_start" not in connection.recv(4096):
            pass
    assert backend.closed.wait(5)
    is_cancelled(ended(), "cancelled")


def test_in_the_rush_of_a_stream(gateway, backend, ended):
    async def script(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(backend.chunk("x" * 1000))

    backend.script = script
    with asking(gateway, stream=True) as connection:
        connection.recv(4096)
    assert backend.closed.wait(5)
    is_cancelled(ended(), "cancelled")


def test_in_the_wait_before_a_repetition(gateway, backend, ended):
    backend.answers({"error": "slow"}, 429, {"retry-after-ms": "1500"})
    with asking(gateway):
        assert backend.called.wait(5)
        time.sleep(0.1)
    is_cancelled(ended(), "failed")
    time.sleep(1.6)
    assert len(backend.bodies) == 1, "no further attempt"


def test_in_the_second_attempt(gateway, backend, ended):
    async def script(_):
        if len(backend.bodies) == 1:
            return web.json_response({"error": "boom"}, status=500)
        await asyncio.sleep(30)
        raise AssertionError

    backend.script = script
    with asking(gateway):
        while len(backend.bodies) < 2:
            time.sleep(0.01)
    assert backend.closed.wait(5)
    is_cancelled(ended(), "failed", "cancelled")
    assert len(backend.bodies) == 2


def test_neighbours_are_unharmed(gateway, backend, ended):
    async def script(request):
        number = len(backend.bodies)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(20):
            await response.write(backend.chunk(f"{number}"))
            await asyncio.sleep(0.02)
        await response.write(backend.chunk(None, "stop"))
        return response

    backend.script = script
    with asking(gateway, stream=True) as neighbour:
        for _ in range(5):
            with asking(gateway, stream=True) as connection:
                connection.recv(4096)
            is_cancelled(ended(), "cancelled")
        text = b""
        while b"[DONE]" not in text:
            text += neighbour.recv(65536)
    assert text.count(b'"1"') == 20
    assert [attempt.outcome for attempt in ended().attempts] == ["answered"]


def test_a_probe_that_is_left_makes_room_for_the_next(gateway, backend, ended):
    backend.answers({"error": "boom"}, 500)
    assert gateway.chat("probed").status_code == 502
    ended()
    assert gateway.chat("probed").status_code == 503
    ended()
    time.sleep(0.35)
    backend.is_silent()
    backend.called.clear()
    with asking(gateway, model="probed"):
        assert backend.called.wait(5)
        assert gateway.chat("probed").status_code == 503, "one probe at a time"
        ended()
    is_cancelled(ended(), "cancelled")
    backend.script = None
    assert gateway.chat("probed").status_code == 200
