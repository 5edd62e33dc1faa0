"""Shutdown: requests under way end whole, new ones are refused with a retry, and all ends in time."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from aiohttp import web


@pytest.fixture
def before(start_gateway, backend):
    @contextmanager
    def start(drain_s):
        with start_gateway(
            backends={"up": {"kind": "openai", "base_url": backend.url}},
            models={"m": {"route": [{"backend": "up"}]}},
        ) as client:
            client.service.shutdown.limit_s = drain_s
            yield client

    return start


def paced(backend, count, pause_s):
    async def script(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for number in range(count):
            await response.write(backend.chunk(f"{number} "))
            await asyncio.sleep(pause_s)
        await response.write(backend.chunk(None, "stop"))
        return response

    backend.script = script


@contextmanager
def stopping(client, backend, streams=1):
    """Start streams, send the stop signal, and yield the futures of their events."""
    with ThreadPoolExecutor(streams) as pool:
        running = [pool.submit(client.events) for _ in range(streams)]
        while len(backend.bodies) < streams:
            time.sleep(0.01)
        time.sleep(0.1)
        client.stop()
        while not client.service.shutdown.started:
            time.sleep(0.01)
        yield running


def test_streams_under_way_end_whole(before, backend):
    paced(backend, 10, 0.05)
    with before(5) as client, stopping(client, backend, 8) as running:
        for events in (future.result() for future in running):
            assert [event["choices"][0]["delta"].get("content") for event in events[:-2]] == [
                f"{n} " for n in range(10)
            ]
            assert events[-1] == "[DONE]"


def test_meanwhile_it_is_alive_but_not_ready_and_takes_nothing_new(before, backend):
    paced(backend, 10, 0.05)
    with before(5) as client, stopping(client, backend):
        assert client.http.get("/health/live").status_code == 200
        ready = client.http.get("/health/ready")
        assert (ready.status_code, ready.json()["status"], ready.headers["retry-after"]) == (503, "draining", "1")
        refusal = client.chat()
        assert (refusal.status_code, client.error(refusal)["code"]) == (503, "gateway_shutting_down")
        assert (refusal.headers["retry-after"], refusal.headers["connection"]) == ("1", "close")
        assert refusal.headers["x-should-retry"] == "true"
    assert len(backend.bodies) == 1


def test_it_lasts_no_longer_than_it_may(before, backend):
    paced(backend, 100, 0.1)
    with before(0.3) as client:
        began = time.monotonic()
        with stopping(client, backend) as running:
            events = running[0].result()
        assert events[-2]["error"]["code"] == "gateway_shutting_down"
        assert events[-1] == "[DONE]"
        assert time.monotonic() - began < 2


def test_without_requests_it_ends_at_once(before):
    with before(30) as client:
        began = time.monotonic()
    assert client.service.shutdown.started
    assert time.monotonic() - began < 2


def test_a_client_that_reads_slowly_still_gets_all_of_its_answer(before, backend):
    text = "x" * 4_000_000
    backend.answers({"object": "chat.completion", "choices": [{"message": {"content": text}}]})
    received = []

    def read(response):
        for piece in response.iter_raw():
            received.append(piece)
            time.sleep(0.005)

    with before(10) as client:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
        request = client.http.build_request(
            "POST", "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
        )
        response = client.http.send(request, stream=True)
        reader = threading.Thread(target=read, args=(response,))
        reader.start()
        client.stop()
        reader.join(10)
    assert json.loads(b"".join(received))["choices"][0]["message"]["content"] == text
