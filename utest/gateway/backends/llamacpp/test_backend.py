"""The supervision of the embedded backend, with stand-ins for its child."""

import asyncio
import json
import logging
import os
import signal
import sys
import textwrap
import time

import pytest

from gateway.backends.base import Call
from gateway.backends.http import connection
from gateway.backends.llamacpp import backend as llamacpp
from gateway.backends.llamacpp import process, watchdog
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.errors.base import BackendUnavailable
from gateway.text.control_tokens import ControlTokens
from utest.gateway.backends.llamacpp.embedded_backend import events, is_gone, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")

# Answers every GET with 200, and every POST never; dies like the real one when its standard input ends.
SERVING = """
    import http.server, json, os, sys, threading, time
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def do_POST(self):
            time.sleep(60)
        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()
"""
BROKEN = """
    import sys
    print("0.00.001 W srv init: some warning", file=sys.stderr)
    print("0.00.002 E llama_model_load: tensor is missing", file=sys.stderr)
    print("0.00.003 E srv load_model: failed to load model", file=sys.stderr)
    sys.exit(1)
"""
STUBBORN = """
    import json, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(json.dumps({"url": "http://127.0.0.1:9"}), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Put a script in the place of the child; the backend it belongs to."""
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"GGUF")

    def create(script):
        child = tmp_path / "child.py"
        child.write_text(textwrap.dedent(script))
        monkeypatch.setattr(process, "CHILD", child)
        return LlamaCppBackend(LlamaCppConfig(model_path=gguf), name="embedded", models=["m"])

    return create


def call(model="m"):
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    return Call(json.dumps(body).encode(), body, model, model, "id", stream=False)


async def until(condition, within_s=5.0):
    """How long it took until `condition()` held."""
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < within_s, f"not within {within_s} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def test_why_it_is_not_ready_is_said_as_it_is(stand_in, caplog):
    backend = stand_in(BROKEN)
    assert "is not started" in backend.why_not_ready()

    async def scenario():
        starting = asyncio.create_task(backend.start())
        await asyncio.sleep(0)
        assert backend.why_not_ready() == "is starting; ask again in a moment"
        with pytest.raises(BackendUnavailable):
            await starting
        # Only now the log has something to say.
        assert events(caplog, "backend_crashed")
        assert "the gateway's log tells why" in backend.why_not_ready()
        await backend.stop()

    asyncio.run(scenario())


def test_calls_before_the_start_get_503(stand_in):
    with pytest.raises(BackendUnavailable, match="is stopped") as refused:
        asyncio.run(stand_in(SERVING).complete(call()))
    assert refused.value.fault.then == "again"


def test_a_killed_child_is_replaced_and_calls_meanwhile_get_503_with_retry_after(stand_in, caplog):
    caplog.set_level(logging.INFO, "gateway")

    async def scenario():
        async with running(stand_in(SERVING)) as backend:
            assert await backend.ready()
            first = events(caplog, "backend_ready")[0]["pid"]
            os.kill(first, signal.SIGKILL)
            await until(lambda: asyncio.sleep(0, backend.state == "crashed"))
            assert not await backend.ready()
            with pytest.raises(BackendUnavailable, match="crashed and is restarted") as refused:
                await backend.complete(call())
            await until(backend.ready)
        return first, refused.value

    first, refused = asyncio.run(scenario())
    assert refused.headers["retry-after"] == "1"
    assert refused.fault.then == "again"
    assert events(caplog, "backend_crashed")[0]["reason"] == "ended by signal 9"
    assert events(caplog, "backend_ready")[1]["pid"] != first


def test_a_child_that_hangs_is_killed_and_restarted(stand_in, caplog, monkeypatch):
    caplog.set_level(logging.INFO, "gateway")
    monkeypatch.setattr(watchdog, "LOOK_S", 0.05)
    monkeypatch.setattr(watchdog, "SILENT_S", 0.3)
    monkeypatch.setattr(connection, "READY_S", 0.1)

    async def scenario():
        async with running(stand_in(SERVING)) as backend:
            await asyncio.sleep(0.6)
            assert not events(caplog, "backend_crashed"), "one that is well is left alone"
            first = events(caplog, "backend_ready")[0]["pid"]
            os.kill(first, signal.SIGSTOP)
            await until(lambda: asyncio.sleep(0, len(events(caplog, "backend_ready")) == 2))
            assert await backend.ready()
        return first

    first = asyncio.run(scenario())
    assert "hung" in events(caplog, "backend_crashed")[0]["reason"]
    assert is_gone(first)


def test_a_call_under_way_is_told_at_once_when_to_come_again_when_the_child_dies(stand_in, caplog):
    caplog.set_level(logging.INFO, "gateway")

    async def scenario():
        async with running(stand_in(SERVING)) as backend:
            answer = asyncio.create_task(backend.complete(call()))
            await asyncio.sleep(0.2)
            os.kill(events(caplog, "backend_ready")[0]["pid"], signal.SIGKILL)
            with pytest.raises(BackendUnavailable) as told:
                await asyncio.wait_for(answer, 2)
            assert int(told.value.headers["retry-after"]) >= 1

    asyncio.run(scenario())


def test_a_child_that_cannot_load_is_started_ever_more_rarely_and_the_cause_is_logged(stand_in, caplog):
    async def scenario():
        backend = stand_in(BROKEN)
        with pytest.raises(BackendUnavailable):
            await backend.start()
        await until(lambda: asyncio.sleep(0, len(events(caplog, "backend_crashed")) == 3))
        await backend.stop()

    asyncio.run(scenario())
    crashes = events(caplog, "backend_crashed")
    assert [crash["restart_in_s"] for crash in crashes] == [0.2, 0.4, 0.8]
    assert {crash["reason"] for crash in crashes} == {"ended with exit code 1: llama_model_load: tensor is missing"}


def test_a_library_that_llama_cpp_lacks_is_named_with_the_remedy(monkeypatch, tmp_path, caplog):
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"GGUF")

    async def scenario():
        backend = LlamaCppBackend(LlamaCppConfig(model_path=gguf), name="embedded", models=["m"])
        with pytest.raises(BackendUnavailable):
            await backend.start()
        await backend.stop()

    asyncio.run(scenario())
    assert events(caplog, "backend_crashed")[0]["reason"] == (
        "ended with exit code 1: llama.cpp cannot be loaded: libgomp.so.1: cannot open shared object file. "
        "Install what it names (Debian, Ubuntu: apt install libgomp1)."
    )


def test_the_wait_grows_to_its_limit_and_shrinks_after_a_healthy_time(stand_in, caplog, monkeypatch):
    monkeypatch.setattr(llamacpp, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(llamacpp, "LONGEST_BACKOFF_S", 0.03)
    served_s = iter([0, 0, 0, 60, 0])

    async def scenario():
        backend = stand_in(SERVING)
        monkeypatch.setattr(backend, "_run_child", lambda _: asyncio.sleep(0, next(served_s)))
        with pytest.raises(BackendUnavailable):
            await backend.start()
        await until(lambda: asyncio.sleep(0, len(events(caplog, "backend_crashed")) == 5))
        backend._supervisor.cancel()

    asyncio.run(scenario())
    assert [crash["restart_in_s"] for crash in events(caplog, "backend_crashed")] == [0.01, 0.02, 0.03, 0.01, 0.02]


def test_a_child_that_does_not_want_to_end_is_gone_within_two_seconds(stand_in, caplog):
    caplog.set_level(logging.INFO, "gateway")

    async def scenario():
        backend = stand_in(STUBBORN)
        await backend.start()
        began = time.monotonic()
        await backend.stop()
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 2.5
    assert is_gone(events(caplog, "backend_ready")[0]["pid"])


def test_stopping_while_the_child_loads_leaves_nothing(stand_in, tmp_path):
    pid_file = tmp_path / "pid"

    async def scenario():
        backend = stand_in(f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
        starting = asyncio.create_task(backend.start())
        await until(lambda: asyncio.sleep(0, pid_file.exists() and pid_file.read_text() != ""))
        starting.cancel()
        await backend.stop()

    asyncio.run(scenario())
    assert is_gone(int(pid_file.read_text()))


@pytest.mark.parametrize("after_s", [0.0, 0.3])
def test_a_start_that_is_overtaken_by_a_stop_ends_and_leaves_no_child(stand_in, monkeypatch, after_s):
    monkeypatch.setattr(LlamaCppBackend, "_control_tokens", lambda *_: time.sleep(0.1) or ControlTokens([]))
    backend = stand_in("import time; time.sleep(60)")

    async def overtaken():
        starting = asyncio.create_task(backend.start())
        await asyncio.sleep(after_s)
        await backend.stop()
        with pytest.raises(BackendUnavailable, match="stopped"):
            await asyncio.wait_for(starting, 5)

    asyncio.run(overtaken())
    assert (backend.state, backend._supervisor) == ("stopped", None)
