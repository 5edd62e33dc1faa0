"""`gateway serve --workers` as processes: one address, restarts, no orphans."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import psutil
import pytest

from gateway.server.listen import listen
from gateway.server.workers import _Supervisor

CONFIG = """
[backends.up]
kind = "{kind}"
{address}
[models.m]
route = [{{ backend = "up" }}]
"""
OPENAI = CONFIG.format(kind="openai", address='base_url = "http://127.0.0.1:9/v1"')


class Running:
    """A gateway, and the lines of its log so far."""

    def __init__(self, process):
        self.process = process
        self.entries = []

    def until(self, event, count=1):
        """Read on until an event has come so many times."""
        while [entry["event"] for entry in self.entries].count(event) < count:
            line = self.process.stderr.readline()
            assert line, self.entries
            self.entries.append(json.loads(line))
        return [entry for entry in self.entries if entry["event"] == event]


@pytest.fixture
def serve(tmp_path):
    path = tmp_path / "gateway.toml"
    started = []

    def serve(text, *options):
        path.write_text(text)
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(path), "--port", "0", *options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        started.append(process)
        return Running(process)

    yield serve
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


def instance(url):
    with urllib.request.urlopen(f"{url}/health", timeout=5) as response:
        return json.load(response)["instance"]


def test_workers_are_one_gateway_restarted_and_ended_together(serve):
    gateway = serve(OPENAI, "--workers", "2")
    url = gateway.until("listening")[0]["url"]
    first, second = (entry["pid"] for entry in gateway.until("worker_started", 2))
    assert len({instance(url) for _ in range(10)}) == 1
    os.kill(first, signal.SIGKILL)
    died = gateway.until("worker_died")[0]
    assert died["status"] == -signal.SIGKILL
    third = gateway.until("worker_started", 3)[2]
    assert third["worker"] == died["worker"]
    assert instance(url)
    began = time.monotonic()
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert not any(psutil.pid_exists(pid) for pid in (first, second, third["pid"]))


def test_workers_end_when_their_parent_is_killed(serve):
    gateway = serve(OPENAI, "--workers", "2")
    workers = [psutil.Process(entry["pid"]) for entry in gateway.until("worker_started", 2)]
    gateway.process.kill()
    _, alive = psutil.wait_procs(workers, 5)
    assert not alive


def test_the_configuration_may_name_their_number(serve):
    gateway = serve(OPENAI + "[server]\nworkers = 2\n")
    assert {entry["worker"] for entry in gateway.until("worker_started", 2)} == {0, 1}


def test_several_workers_and_an_embedded_model_are_refused(serve):
    gateway = serve(CONFIG.format(kind="llamacpp", address=""), "--workers", "2")
    assert gateway.process.wait(10) == 2
    output = gateway.process.stderr.read().decode()
    assert "server.workers: each of 2 workers would load the model of backend 'up' once more" in output
    assert "run one worker" in output
    assert "Traceback" not in output


def test_one_worker_that_cannot_come_back_leaves_the_others_answering(serve, tmp_path):
    gateway = serve(OPENAI, "--workers", "2")
    gateway.until("listening")
    (tmp_path / "gateway.toml").write_text("broken = [")
    victim = gateway.until("worker_started", 2)[0]
    os.kill(victim["pid"], signal.SIGKILL)
    # It has run before: it is tried again and again, and the other one answers meanwhile.
    gateway.until("worker_died", 1)
    assert instance(gateway.until("listening")[0]["url"])
    gateway.process.terminate()
    assert gateway.process.wait(10) == 0


def test_each_worker_reads_the_configuration_again(serve, tmp_path):
    gateway = serve(OPENAI, "--workers", "2")
    gateway.until("listening")
    (tmp_path / "gateway.toml").write_text(OPENAI + "[server]\nwatch = false\n[limits]\nmessages = 3\n")
    gateway.process.send_signal(signal.SIGHUP)
    reloaded = gateway.until("config_reloaded", 2)
    assert {entry["worker"] for entry in reloaded} == {0, 1}
    assert reloaded[0]["changed"] == ["limits.messages"]
    assert gateway.until("config_needs_restart")[0]["settings"] == ["server.watch"]
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0


def test_a_worker_that_is_killed_keeps_no_place(serve):
    requests = []

    class Backend(BaseHTTPRequestHandler):
        def do_POST(self):
            requests.append(self.rfile.read(int(self.headers["content-length"])))
            if len(requests) > 2:
                body = b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}'
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            else:
                self.connection.recv(1)

        def log_message(self, *_):
            pass

    def ask(url):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
        request = urllib.request.Request(f"{url}/v1/chat/completions", body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code
        except OSError:
            return None  # its worker was killed

    # It waits for none of its threads: those that hang end with the connection.
    backend = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    Thread(target=backend.serve_forever, args=(0.05,), daemon=True).start()
    address = f'base_url = "http://127.0.0.1:{backend.server_port}/v1"'
    gateway = serve(CONFIG.format(kind="openai", address=address) + "[limits]\nin_flight = 2\n", "--workers", "2")
    url = gateway.until("listening")[0]["url"]
    for _ in range(2):
        Thread(target=ask, args=(url,), daemon=True).start()
    try:
        while len(requests) < 2:
            time.sleep(0.01)
        assert ask(url) == 503
        for entry in gateway.until("worker_started", 2):
            os.kill(entry["pid"], signal.SIGKILL)
        gateway.until("worker_started", 4)
        assert [ask(url), ask(url)] == [200, 200]
    finally:
        backend.shutdown()
        backend.socket.close()


class Worker:
    """A worker's process as its parent sees it; one that is gone takes no signal."""

    def __init__(self, *, is_gone):
        self.is_gone = is_gone
        self.signals = []

    def send_signal(self, number):
        if self.is_gone:
            raise ProcessLookupError
        self.signals.append(number)


def test_a_worker_that_died_just_now_keeps_no_signal_from_the_others():
    with socket.socket() as listener:
        supervisor = _Supervisor([], 2, listener, 0.0)
    supervisor._running = {0: Worker(is_gone=True), 1: Worker(is_gone=False)}
    supervisor._answering = {0, 1}
    supervisor._reload()
    assert supervisor._running[1].signals == [signal.SIGHUP]


SLOW_TO_END = """
import os, signal, socket, sys, threading
listener = socket.socket(fileno=int(sys.argv[1]))
ending = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ending.set())
os.write(1, b"ready\\n")
ending.wait()
listener.close()
threading.Event().wait(1)
"""


def test_no_client_is_left_waiting_at_an_address_that_no_worker_listens_to(tmp_path):
    program = tmp_path / "worker.py"
    program.write_text(SLOW_TO_END)

    async def connect_while_it_ends():
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        supervisor = _Supervisor([str(program)], 1, listener, 5.0)
        running = asyncio.create_task(supervisor.run())
        while not supervisor._answering:  # noqa: ASYNC110  # nothing tells a test
            await asyncio.sleep(0.01)
        supervisor._stopping.set()
        refused = False
        while not (refused or running.done()):
            await asyncio.sleep(0.02)
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
            except ConnectionRefusedError:
                refused = not running.done()
        return refused, await running

    assert asyncio.run(connect_while_it_ends()) == (True, 0)
