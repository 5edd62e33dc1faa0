"""Streams of events that are relayed: what is written at once, what is yielded, and how they end."""

import asyncio
import time

import pytest
from aiohttp import web

from gateway.api.middleware import RequestMiddleware
from gateway.backends.http.events import whole_events
from gateway.errors.base import GatewayError
from utest.gateway.backends.http.bodies import body_of, run

DONE = b"data: [DONE]\n\n"


def event(number, finish="null"):
    return b'data: {"choices":[{"index":0,"delta":{"content":"%d"},"finish_reason":%s}]}\n\n' % (
        number,
        finish.encode(),
    )


@pytest.mark.parametrize("every", [1, 2, 3, 100])
def test_events_that_cannot_be_written_at_once_are_yielded(every):
    pieces = [event(number) for number in range(12)] + [event(12, '"stop"'), DONE]

    async def check():
        async with body_of(*pieces) as (chunks, _):
            sent = []
            puts = 0

            def write_now(block):
                nonlocal puts
                puts += 1
                if puts % every == 0:
                    return False
                sent.append(block)
                return True

            async for block in whole_events(chunks, backend="up", write_now=write_now):
                sent.append(block)  # noqa: PERF401  # `write_now` appends as well, in between
            assert b"".join(sent) == b"".join(pieces[:-1])
            assert puts > 0

    run(check())


def test_an_error_event_ends_a_relayed_stream():
    async def check():
        async with body_of(event(0), event(1), b'data: {"error":{"message":"out of memory"}}\n\n') as (chunks, _):
            sent = []

            async def read():
                async for block in whole_events(
                    chunks, backend="up", write_now=lambda block: sent.append(block) or True
                ):
                    sent.append(block)  # noqa: PERF401  # as above

            with pytest.raises(GatewayError, match="out of memory"):
                await read()
            assert b"".join(sent) == event(0) + event(1)

    run(check())


def test_the_gateway_sends_most_of_a_stream_without_waking_its_task(client, backend, monkeypatch):
    written = []
    plain = RequestMiddleware._watched_write

    def watched(self, write_now, record):
        write_noted = plain(self, write_now, record)
        return lambda block: write_noted(block) and not written.append(block)

    monkeypatch.setattr(RequestMiddleware, "_watched_write", watched)

    async def script(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in (*(event(number) for number in range(10)), event(10, '"stop"'), DONE):
            await response.write(piece)
            await asyncio.sleep(0.01)
        return response

    backend.script = script
    response = client.chat(stream=True)
    assert response.content == b"".join(map(event, range(10))) + event(10, '"stop"') + DONE
    assert len(written) >= 5


def test_a_client_hears_at_once_of_a_stream_that_stops_being_http(client, backend):
    async def script(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(event(0))
        await asyncio.sleep(0.05)
        request.transport.write(b"zz\r\n")
        await asyncio.sleep(20)

    backend.script = script
    began = time.monotonic()
    response = client.chat(stream=True)
    assert response.content.startswith(event(0))
    assert b"backend_disconnected" in response.content
    assert time.monotonic() - began < 10
