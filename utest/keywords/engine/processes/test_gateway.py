"""Gateways are started, recognised, and ended with their child processes, however their owner ends."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from keywords.engine.processes import gateway as process
from keywords.engine.processes import tree
from keywords.engine.processes.gateway import GatewayProcessError, start_gateway

# Stands in for the gateway's command line: it listens, tells where, has a child, and may behave badly.
STAND_IN = """
    import http.server, json, os, signal, subprocess, sys, time

    CHILD = "import time; print('holds the model', flush=True); time.sleep(60)"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            ready = self.path == "/health/ready"
            self.send_response(READY_STATUS if ready else 200)
            self.end_headers()
            self.wfile.write(b"loading" if ready else json.dumps({"instance": INSTANCE}).encode())

        def log_message(self, *_):
            pass

    READY_STATUS, INSTANCE = 200, os.environ["GATEWAY_INSTANCE"]
    MISBEHAVIOUR
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.DEVNULL)
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"event": "listening", "url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    if CLEAN:
        def leave(*_):
            child.kill()
            child.wait()
            os._exit(0)
        signal.signal(signal.SIGTERM, leave)
    server.serve_forever()
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    def start(misbehaviour="", *, clean=True, within_s=10.0):
        script = tmp_path / "stand_in.py"
        code = textwrap.dedent(STAND_IN).replace("MISBEHAVIOUR", misbehaviour).replace("CLEAN", str(clean))
        script.write_text(code)
        monkeypatch.setattr(process, "COMMAND", (sys.executable, str(script)))
        return start_gateway(config=None, log=tmp_path / "gateway.log", ready_within_s=within_s)

    return start


def dead(pids, within_s=5.0):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) and tree.alive(psutil.Process(pid)) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_a_gateway_is_started_and_ended_with_its_child(start):
    gateway = start()
    (child,) = gateway.children()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", gateway.url)
    assert re.fullmatch(r"qa-[0-9a-f]{32}", gateway.api_key)
    assert gateway.api_key not in repr(gateway)
    ended = gateway.stop()
    assert (ended.forced, ended.leftover) == (False, ())
    assert dead([gateway.pid, child.pid])
    assert ended.crashed is None
    again = gateway.stop()
    assert (again.leftover, again.crashed) == ((), None)


def test_a_gateway_that_ended_by_itself_crashed(start):
    gateway = start()
    psutil.Process(gateway.pid).kill()
    gateway._popen.wait()
    assert gateway.stop().crashed == gateway._popen.poll()
    assert gateway.stop().crashed is None


@pytest.mark.parametrize("end", ["kill", "signal", "wait"])
def test_a_gateway_whose_end_was_ordered_or_awaited_did_not_crash(start, end):
    gateway = start()
    match end:
        case "kill":
            gateway.kill()
        case "signal":
            gateway.send_signal(signal.SIGTERM)
            gateway._popen.wait()
        case "wait":
            psutil.Process(gateway.pid).kill()
            gateway.wait_end(5.0)
    assert gateway.stop().crashed is None


def test_a_child_that_outlives_its_gateway_is_reported_and_ended(start):
    gateway = start(clean=False)
    (child,) = gateway.children()
    ended = gateway.stop()
    assert len(ended.leftover) == 1
    assert ended.leftover[0].startswith(f"{child.pid}: ")
    assert dead([child.pid])


def test_a_child_is_found_after_its_gateway_was_killed(start):
    gateway = start(clean=False)
    child = gateway.model_process()
    gateway.kill()
    assert psutil.pid_exists(child.pid)
    with pytest.raises(GatewayProcessError, match="ended by itself with exit status -9"):
        gateway.wait_ready(1)
    assert len(gateway.stop().leftover) == 1
    assert dead([child.pid])


def test_a_gateway_that_ignores_the_request_is_killed(start, monkeypatch):
    monkeypatch.setattr(tree.end, "__kwdefaults__", {"grace_s": 0.3})
    gateway = start("signal.signal(signal.SIGTERM, signal.SIG_IGN)", clean=False)
    ended = gateway.stop()
    assert ended.forced
    assert dead([gateway.pid])


def test_a_start_that_fails_says_why_and_hides_the_key(start, tmp_path):
    with pytest.raises(GatewayProcessError) as caught:
        start("sys.exit('no weights ' + os.environ['GATEWAY_API_KEYS'])")
    assert "ended by itself with exit status 1" in str(caught.value)
    assert "no weights <secret>" in str(caught.value)
    assert str(tmp_path / "gateway.log") in str(caught.value)


def test_a_gateway_that_is_never_ready_is_ended(start, tmp_path):
    with pytest.raises(GatewayProcessError, match=r"not ready within .* s: it last answered 503 loading"):
        start("READY_STATUS = 503", within_s=2.0)
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if str(tmp_path / "stand_in.py") in (p.info["cmdline"] or [])
    ]


def test_another_server_in_its_place_is_refused(start):
    with pytest.raises(GatewayProcessError, match="instance 'stale' instead of"):
        start("INSTANCE = 'stale'")


def test_a_gateway_that_never_listens_is_refused(start):
    with pytest.raises(GatewayProcessError, match=r"did not say within \S+ s where it listens"):
        start("time.sleep(60)", within_s=1.0)


@pytest.mark.parametrize("deadly", [signal.SIGKILL, signal.SIGTERM])
def test_the_tree_ends_when_its_owner_is_gone(tmp_path, deadly):
    script = tmp_path / "stand_in.py"
    script.write_text(textwrap.dedent(STAND_IN).replace("MISBEHAVIOUR", "").replace("CLEAN", "False"))
    owner = tmp_path / "owner.py"
    owner.write_text(
        textwrap.dedent(f"""
            import time, pathlib, sys
            from keywords.engine.processes import gateway as process
            from keywords.engine.processes.guard import GUARD
            process.COMMAND = (sys.executable, {str(script)!r})
            log = pathlib.Path({str(tmp_path / "gateway.log")!r})
            gateway = process.start_gateway(config=None, log=log, ready_within_s=10)
            print(gateway.pid, gateway.model_process().pid, GUARD.pid, flush=True)
            time.sleep(60)
        """)
    )
    with subprocess.Popen([sys.executable, str(owner)], stdout=subprocess.PIPE, text=True) as running:
        pids = [int(pid) for pid in running.stdout.readline().split()]
        assert len(pids) == 3
        assert all(psutil.pid_exists(pid) for pid in pids)
        os.kill(running.pid, deadly)
        running.wait()
    assert dead(pids, within_s=10)
