"""The command `python -m ops.bench.failures`: memory under failed requests with large bodies.

A backend refuses every request. The gateway runs with the garbage collector disabled, so that only what is freed at
once stays out of the figures. Exit status 1 if the memory after the last request is more than `ALLOWED_MB` above that
after the first ones, 2 if there is no verdict, 130 if it is broken off.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import tomli_w

from keywords.engine.machine import Deadline
from keywords.engine.processes import tree
from keywords.engine.processes.guard import GUARD
from keywords.engine.waiting import poll_until
from ops.bench.progress import break_off_on_signals, log_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOWED_MB = 32.0
_STATUSES = (400, 429, 500, 503)
_GATEWAY = (
    "import gc, runpy, sys; gc.disable(); sys.argv[0] = 'gateway'; runpy.run_module('gateway', run_name='__main__')"
)
_START_S = 60.0
_TELL_EVERY = 500


class FailuresError(Exception):
    """There is nothing to measure: the gateway does not start, or a request does not fail."""


class _Refuser(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    _refused = 0

    def do_POST(self) -> None:
        """Read the body, and refuse it with one status after the other."""
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"error": {"message": "no", "type": "server_error"}}).encode()
        _Refuser._refused += 1
        self.send_response(_STATUSES[_Refuser._refused % len(_STATUSES)])
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


def measure(requests: int, body_bytes: int, first: int) -> tuple[float, float]:
    """Send failing requests to a new gateway.

    Args:
        requests: in all.
        body_bytes: of each request.
        first: after as many the memory is measured first.

    Returns:
        The gateway's resident memory after `first` requests and after all of them, in 10^6 bytes.

    Raises:
        FailuresError: the gateway did not start, or a request did not fail.
    """
    question = [{"role": "user", "content": "x" * body_bytes}]
    body = json.dumps({"model": "m", "messages": question})
    with _refuser() as backend, _gateway(backend) as (address, process):
        host, _, port = address.removeprefix("http://").partition(":")
        client, early_mb = http.client.HTTPConnection(host, int(port), timeout=30), 0.0
        for number in range(1, requests + 1):
            client.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
            answer = client.getresponse()
            answer.read()
            if answer.status < min(_STATUSES):
                raise FailuresError(f"request {number} was answered with {answer.status}; it should fail")
            if number == first:
                early_mb = process.memory_info().rss / 1e6
            if number % _TELL_EVERY == 0:
                log_progress(f"{number} of {requests} requests, {process.memory_info().rss / 1e6:.1f} MB")
        client.close()
        return early_mb, process.memory_info().rss / 1e6


@contextmanager
def _refuser() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refuser)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _gateway(backend: str) -> Iterator[tuple[str, psutil.Process]]:
    """A gateway without a garbage collector; its address and its process."""
    with tempfile.TemporaryDirectory(prefix="failures-") as folder:
        config, log = Path(folder, "gateway.toml"), Path(folder, "log")
        tables = {
            "backends": {"up": {"kind": "openai", "base_url": backend}},
            "models": {"m": {"route": [{"backend": "up"}]}},
        }
        config.write_text(tomli_w.dumps(tables), "utf-8")
        command = [sys.executable, "-c", _GATEWAY, "serve", "--port", "0", "--config", str(config)]
        with log.open("wb") as sink:
            popen = subprocess.Popen(command, stdout=sink, stderr=sink, start_new_session=True)  # noqa: S603  # our own
        process = psutil.Process(popen.pid)
        GUARD.watch(popen.pid)
        try:
            yield _await_address(log, popen), process
        finally:
            tree.end(process)
            popen.wait()
            GUARD.release(popen.pid)


def _await_address(log: Path, popen: subprocess.Popen[bytes]) -> str:
    def read() -> str:
        lines = log.read_text("utf-8", "replace").splitlines()
        return next((line for line in lines if '"listening"' in line and line.endswith("}")), "")

    line = poll_until(read, lambda line: line or popen.poll() is not None, Deadline(_START_S))
    if not line:
        raise FailuresError(f"the gateway did not start: {log.read_text('utf-8', 'replace')[-500:]}")
    return str(json.loads(line)["url"])


def main() -> None:
    """Measure, print the figures, and judge them."""
    options = _options()
    break_off_on_signals()
    try:
        early_mb, late_mb = measure(options.requests, round(options.body_mb * 1e6), options.first)
    except KeyboardInterrupt:
        log_progress("broken off")
        sys.exit(130)
    except FailuresError as error:
        log_progress(f"no verdict: {error}")
        sys.exit(2)
    grown_mb = late_mb - early_mb
    sys.stdout.write(
        f"after {options.first} failed requests of {options.body_mb:g} MB: {early_mb:.1f} MB; "
        f"after {options.requests}: {late_mb:.1f} MB; grown by {grown_mb:.1f} MB, allowed are {ALLOWED_MB:g} MB\n"
    )
    sys.exit(grown_mb > ALLOWED_MB)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ops.bench.failures", description="Memory under failed requests with large bodies."
    )
    parser.add_argument("--requests", type=int, default=5000, help="requests in all (default: 5000)")
    parser.add_argument("--first", type=int, default=500, help="requests before the first look at the memory")
    parser.add_argument("--body-mb", type=float, default=1.0, help="size of each request, in 10^6 bytes (default: 1)")
    options = parser.parse_args()
    if not 0 < options.first < options.requests:
        parser.error("--first must be from 1 up and below --requests, or nothing can grow")
    if not options.body_mb > 0:
        parser.error("--body-mb must be above 0")
    return options


if __name__ == "__main__":
    main()
