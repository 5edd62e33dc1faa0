"""How many requests per second one core of the gateway forwards; needs nginx and wrk (`apt install nginx-light wrk`).

    python ops/bench/overhead.py [--seconds 10] [--connections 32] [--stream]

nginx plays the backend with one fixed answer of about 400 bytes. The gateway has core 0 to itself; nginx and wrk share
core 1 (where the system can pin processes). Everything is on: validation, headers, errors, log, metrics, ledger.
One JSON line on stdout: `direct` is wrk straight at nginx, `gateway` through the gateway, latencies in milliseconds.
`cpu_us_per_request` is the gateway process's own CPU time, which a busy machine disturbs least; `load_before` is the
one-minute load average at the start, to tell a busy machine by.
"""

# ruff: file-ignore[INP001]
# A script, no package.

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

GATEWAY_CORE, LOAD_CORE = "0", "1"
WORDS = "The quick brown fox jumps over the lazy dog. " * 3
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 30, "total_tokens": 40},
}
QUESTION = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Tell me about the fox and the dog."},
    ],
    "temperature": 0.7,
    "max_tokens": 64,
}
CONFIG = """
[backends.nginx]
kind = "openai"
base_url = "http://127.0.0.1:{port}/v1"
[models.m]
route = [{{ backend = "nginx" }}]
[ledger]
path = "{here}/ledger.sqlite3"
[prices.m]
input_per_million = 0.15
output_per_million = 0.6
"""
NGINX = """
daemon off; worker_processes 1; pid {here}/pid; error_log {here}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 10000000;
  client_body_temp_path {here}/1; proxy_temp_path {here}/2; fastcgi_temp_path {here}/3;
  uwsgi_temp_path {here}/4; scgi_temp_path {here}/5;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type {kind}; return 200 '{answer}'; }} }}
}}
"""
WRK = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = [[{body}]]
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %f %f %f\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.read + summary.errors.connect + summary.errors.timeout))
end
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--stream", action="store_true", help="ask for a stream of ten events instead")
    options = parser.parse_args()
    missing = [tool for tool in ("nginx", "wrk") if not shutil.which(tool)]
    if missing:
        sys.exit(f"{' and '.join(missing)} not found; install with: apt install nginx-light wrk")
    load_before = os.getloadavg()[0]
    with ExitStack() as stack:
        here = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backend_port = stack.enter_context(_nginx(here, stream=options.stream))
        gateway, gateway_url = stack.enter_context(_gateway(here, backend_port))
        script = here / "post.lua"
        script.write_text(WRK.format(body=json.dumps({**QUESTION, "stream": options.stream})))
        path = "/v1/chat/completions"
        _wrk(script, f"{gateway_url}{path}", 1, options.connections)
        direct = _wrk(script, f"http://127.0.0.1:{backend_port}{path}", options.seconds, options.connections)
        cpu = _cpu_s(gateway.pid)
        through = _wrk(script, f"{gateway_url}{path}", options.seconds, options.connections)
        through["cpu_us_per_request"] = round((_cpu_s(gateway.pid) - cpu) * 1e6 / through["requests"], 1)
    result = {"connections": options.connections, "stream": options.stream, "load_before": round(load_before, 2)}
    sys.stdout.write(json.dumps({**result, "direct": direct, "gateway": through}) + "\n")


def _pinned(core: str, *command: str) -> list[str]:
    """The command, on one core where there are two and a way to pin it."""
    can_pin = shutil.which("taskset") and (os.cpu_count() or 1) > 1
    return ["taskset", "-c", core, *command] if can_pin else list(command)


@contextmanager
def _nginx(here: Path, *, stream: bool) -> Iterator[int]:
    port = _free_port()
    answer, kind = json.dumps(ANSWER), "application/json"
    if stream:
        choices = [{"index": 0, "delta": {"content": "fox "}, "finish_reason": None}]
        chunk = json.dumps({"object": "chat.completion.chunk", "choices": choices})
        events = [chunk] * 10 + [chunk.replace("null", '"stop"'), "[DONE]"]
        answer, kind = "".join(f"data: {event}\n\n" for event in events), "text/event-stream"
    configuration = here / "nginx.conf"
    configuration.write_text(NGINX.format(here=here, port=port, kind=kind, answer=answer))
    with _process(_pinned(LOAD_CORE, "nginx", "-e", str(here / "error.log"), "-c", str(configuration))):
        _wait_for(port)
        yield port


@contextmanager
def _gateway(here: Path, backend_port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    configuration, log = here / "gateway.toml", here / "gateway.log"
    configuration.write_text(CONFIG.format(port=backend_port, here=here))
    port = _free_port()
    serve = [sys.executable, "-m", "gateway", "serve", "--config", str(configuration), "--port", str(port)]
    with log.open("wb") as stderr, _process(_pinned(GATEWAY_CORE, *serve), stderr=stderr) as process:
        _wait_for(port)
        yield process, f"http://127.0.0.1:{port}"


@contextmanager
def _process(command: list[str], stderr: Any = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)  # noqa: S603  # our own commands
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _wrk(script: Path, url: str, seconds: int, connections: int) -> dict[str, Any]:
    command = _pinned(LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url)
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # as above
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\S+)", told)
    if not found:
        sys.exit(f"wrk gave no result:\n{told}")
    requests, duration_us, p50_us, p99_us, errors = map(float, found.groups())
    return {
        "requests": int(requests),
        "requests_per_s": round(requests / duration_us * 1e6, 1),
        "p50_ms": round(p50_us / 1000, 2),
        "p99_ms": round(p99_us / 1000, 2),
        "errors": int(errors),
    }


def _cpu_s(pid: int) -> float:
    """User and system CPU seconds of a process so far (Linux; elsewhere 0)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int, within_s: float = 15) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"nothing listens on port {port} after {within_s:g} s")


if __name__ == "__main__":
    main()
