"""A child whose loop no longer turns, with stand-ins for it."""

import asyncio
import json
import logging
import sys
import textwrap
import time
from contextlib import suppress

import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp import process, watchdog
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.errors.base import BackendUnavailable
from utest.gateway.backends.llamacpp.embedded_backend import events, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="reads computing times")

# Like llama.cpp: a thread of its own answers `/health`, and its loop answers the rest between two requests. Each
# computes for as many seconds as its `seed` says.
LOOP = """
    import http.server, json, os, sys, threading, time
    loop = threading.Lock()
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, body):
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_GET(self):
            if self.path == "/lora-adapters":
                with loop:
                    pass
            self.answer(b"{}")
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with loop:
                until = time.monotonic() + body["seed"]
                while time.monotonic() < until:
                    pass
            self.answer(b'{"choices": []}')
        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()
"""


@pytest.fixture
def child(monkeypatch, tmp_path, caplog):
    """A backend before the stand-in, with limits of tenths of a second."""
    caplog.set_level(logging.INFO, "gateway")
    gguf, script = tmp_path / "model.gguf", tmp_path / "child.py"
    gguf.write_bytes(b"GGUF")
    script.write_text(textwrap.dedent(LOOP))
    monkeypatch.setattr(process, "CHILD", script)
    monkeypatch.setattr(watchdog, "LOOK_S", 0.2)
    monkeypatch.setattr(watchdog, "STALLED_S", 2.0)
    return LlamaCppBackend(LlamaCppConfig(model_path=gguf), name="embedded", models=["m"])


def computing(seconds):
    """A call that keeps the loop for so long."""
    fields = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "seed": seconds}
    return Call(json.dumps(fields).encode(), fields, "m", "m", "id", stream=False)


def crashes(caplog):
    return [found["reason"] for found in events(caplog, "backend_crashed")]


async def until(question, *, answers):
    """Ask as a client would, until the answer is that."""
    while await question() is not answers:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def until_crash(caplog):
    began = time.monotonic()
    while not crashes(caplog):
        assert time.monotonic() - began < 15
        await asyncio.sleep(0.02)


def test_an_idle_child_and_one_that_computes_for_a_while_are_left_alone(child, caplog):
    async def scenario():
        async with running(child):
            await asyncio.sleep(2.5)
            await child.complete(computing(1))
            assert await child.ready()

    asyncio.run(scenario())
    assert not crashes(caplog)


def test_a_child_that_works_without_a_token_is_replaced_and_was_not_ready_before(child, caplog):
    async def scenario():
        async with running(child):
            stuck = asyncio.create_task(child.complete(computing(60)))
            await until(child.ready, answers=False)
            assert "has given no token for" in child.why_not_ready()
            assert not crashes(caplog)
            with pytest.raises(BackendUnavailable):
                await stuck
            await until_crash(caplog)
            await until(child.ready, answers=True)
            await child.complete(computing(0))

    asyncio.run(scenario())
    assert crashes(caplog) == ["hung: it computed for 2 s without a token and was killed"]


@pytest.mark.parametrize("neighbour", [False, True], ids=["alone", "with a call that came later"])
def test_work_for_a_client_that_left_is_ended_sooner(child, caplog, neighbour):
    async def scenario():
        async with running(child):
            left = asyncio.create_task(child.complete(computing(60)))
            await asyncio.sleep(0.7)
            left.cancel()
            with suppress(asyncio.CancelledError):
                await left
            later = asyncio.create_task(child.complete(computing(0))) if neighbour else None
            await until_crash(caplog)
            if later:
                with pytest.raises(BackendUnavailable):
                    await later

    asyncio.run(scenario())
    assert crashes(caplog) == ["hung: it computed for 1 s for requests that had ended and was killed"]


def test_a_larger_model_gets_more_time_for_a_step():
    small, large = watchdog.Watchdog(100_000_000), watchdog.Watchdog(4_400_000_000)
    for dog, silent_s in ((small, 15), (large, 15), (large, 60)):
        dog._asked_at = time.monotonic() - silent_s
        assert dog.is_stalled == (dog is small or silent_s > 54)
