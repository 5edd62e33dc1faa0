"""The gateway's own time: its work and its event loop's queue, but no delay of backends and clients."""

import asyncio
import queue
import socket
import time

import pytest
from aiohttp import web
from aiohttp.client_proto import ResponseHandler
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

pytestmark = pytest.mark.quiet_machine

BUSY_S = 0.2


@pytest.fixture
def time_of(client, backend, monkeypatch):  # noqa: ARG001  # the backend plays no script of a test before
    """`time_of(**fields)` is the gateway's own time of a request, in seconds."""
    settled = []
    monkeypatch.setattr("gateway.observability.metrics.Metrics.add", lambda _, record: settled.append(record))

    def time_of(**fields):
        settled.clear()
        assert client.chat(**fields).status_code == 200
        while not settled:
            time.sleep(0.001)
        return settled[0].gateway_us / 1e6

    time_of()  # the connections are made, the modules loaded
    return time_of


@pytest.fixture
def slow_backend(time_of, backend):  # noqa: ARG001  # the first request is over
    async def script(request):
        await asyncio.sleep(BUSY_S)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in (backend.chunk("a"), backend.chunk(None, "stop")):
            await response.write(piece)
            await asyncio.sleep(BUSY_S)
        return response

    backend.script = script


@pytest.mark.usefixtures("slow_backend")
def test_a_backends_delays_do_not_count(time_of):
    assert time_of(stream=True) < BUSY_S / 2


def test_a_backends_readiness_probe_does_not_count(client, monkeypatch):
    async def ready(_):
        await asyncio.sleep(BUSY_S)
        return True

    monkeypatch.setattr("gateway.backends.openai.backend.OpenAIBackend.ready", ready)
    response = client.http.get("/health/ready")
    assert response.status_code == 200
    assert float(response.headers["x-gateway-time-ms"]) < BUSY_S * 1000 / 2


def test_a_client_that_does_not_read_and_leaves_does_not_count(client, backend, monkeypatch):
    settled = queue.Queue()
    monkeypatch.setattr("gateway.observability.metrics.Metrics.add", lambda _, record: settled.put(record))
    backend.streams(*[backend.chunk("x" * 1_000_000)] * 100)
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    address = client.http.base_url
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(5 * BUSY_S)
    record = settled.get(timeout=5)
    assert record.status == 499
    assert record.gateway_us / 1e6 < 3 * BUSY_S


def test_a_loop_that_is_busy_when_a_request_was_read_counts(time_of, monkeypatch):
    quick = HttpToolsProtocol.on_message_complete

    def busy(self):
        quick(self)
        time.sleep(BUSY_S)

    monkeypatch.setattr(HttpToolsProtocol, "on_message_complete", busy)
    assert BUSY_S <= time_of() < 2 * BUSY_S


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_that_is_busy_when_an_answer_was_read_counts(time_of, backend, monkeypatch, stream):
    if stream:
        backend.streams(b"".join((backend.chunk("a"), backend.chunk(None, "stop"))))
    quick = ResponseHandler.data_received

    def busy(self, data):
        quick(self, data)
        time.sleep(BUSY_S)

    monkeypatch.setattr(ResponseHandler, "data_received", busy)
    assert time_of(stream=stream) >= BUSY_S
