"""The upstreams of all contenders: nginx with one fixed JSON answer, and the scripted backend for streams."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keywords.engine.http import probe
from keywords.engine.machine import Deadline
from keywords.engine.processes.ports import free_port
from keywords.engine.scripted.backend import Script, ScriptedBackend, words
from keywords.engine.waiting import poll_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL, STREAM_MODEL = "race", "race-stream"
CHUNKS = 64
_NGINX = """
daemon off; worker_processes 1; pid {here}/nginx.pid; error_log {here}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {here}/1; proxy_temp_path {here}/2; fastcgi_temp_path {here}/3;
  uwsgi_temp_path {here}/4; scgi_temp_path {here}/5;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 '{answer}'; }}
    location /count {{ stub_status; }}
  }}
}}
"""
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "The quick brown fox jumps over the lazy dog. " * 3},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 30, "total_tokens": 40},
}
QUESTION = {
    "model": MODEL,
    "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Tell me about the fox and the dog."},
    ],
    "temperature": 0.7,
    "max_tokens": 64,
}
"""wrk's request; the stream client sends it with `STREAM_MODEL`."""
PATH = "/v1/chat/completions"


class UpstreamError(Exception):
    """nginx did not start."""


class Nginx:
    """One running nginx.

    Attributes:
        url: address without a path.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def requests(self) -> int:
        """The number of requests so far (stub_status, the third number)."""
        _, page = probe.fetch(f"{self.url}/count")
        match = re.search(rb"^ \d+ \d+ (\d+)", page, re.MULTILINE)
        if not match:
            raise UpstreamError(f"nginx does not tell its counts: {page[:200]!r}")
        return int(match[1])


def command() -> str | None:
    """The path of the installed nginx; None if there is none."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx(here: Path) -> Iterator[Nginx]:
    """An nginx with its files in `here`, on the core of its parent process.

    Raises:
        UpstreamError: it did not start.
    """
    port = free_port()
    configuration = here / "nginx.conf"
    configuration.write_text(_NGINX.format(here=here, port=port, answer=json.dumps(ANSWER)))
    process = subprocess.Popen(  # noqa: S603  # a fixed command
        [command() or "nginx", "-e", str(here / "nginx.log"), "-c", str(configuration)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        server = Nginx(f"http://127.0.0.1:{port}")
        status = poll_until(
            lambda: probe.fetch(f"{server.url}/count")[0],
            lambda status: status == probe.OK or process.poll() is not None,
            Deadline(5),
        )
        if status != probe.OK:
            log = here / "nginx.log"
            raise UpstreamError(f"nginx did not start: {log.read_text() if log.exists() else 'no log'}")
        yield server
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def scripted() -> Iterator[ScriptedBackend]:
    """A scripted backend that streams `CHUNKS` words, on the core of its parent process."""
    backend = ScriptedBackend(models=(STREAM_MODEL,))
    backend.start()
    try:
        backend.play(Script(chunks=words(CHUNKS)))
        yield backend
    finally:
        backend.stop()
