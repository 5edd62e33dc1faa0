"""Scripted backend: a real HTTP server in its own process that answers exactly as its script says.

It speaks every family's format, each on its own paths:

| family | answers | probes |
| --- | --- | --- |
| openai, nim | `/v1/chat/completions`, `…/completions`, `…/embeddings` | `/v1/models`, `/v1/health/ready`, `…/live` |
| azure | OpenAI's, below `/openai/deployments/<name>/` and `/openai/v1/` | `/openai/v1/models`, `/openai/models` |
| ollama | `/api/chat`, `/api/generate`, `/api/embed` | `/api/tags`, `/api/version` |
| anthropic | `/v1/messages` | `/v1/models` with the header `anthropic-version` |
| vLLM | OpenAI's | `/tokenize`, which counts 7 tokens in every prompt |

It records every request byte for byte, with times on the monotonic clock. A sending time is taken right before the
bytes go to the event loop, which sends them in the same turn.

By hand: `python -m keywords.engine.scripted_backend --port 9000 --core 1 --words 64 --chunk-delay 0.01`, or `--script
FILE` with one script or a list of them as JSON; `keywords.engine.scripted.script` describes the fields.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from keywords.engine.machine import Deadline
from keywords.engine.scripted import child
from keywords.engine.scripted.record import RecordedRequest, Sent, record_from_json
from keywords.engine.scripted.script import (
    WORDS,
    Delay,
    Exponential,
    Fault,
    Script,
    Stall,
    ToolCall,
    Uniform,
    load,
    to_json,
    words,
)
from keywords.engine.waiting import poll_until
from keywords.engine.warm_start.starter import SUPPORTED, WarmStarter

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.warm_start.starter import ForkedProcess

_PROGRAM = "keywords.engine.scripted_backend"
_STARTER = WarmStarter(("keywords.engine.scripted.backend", *(["uvloop"] if SUPPORTED else [])))
_STDERR = 2
_STOP_LIMIT_S = 5.0
_POLL_S = 0.01


class ScriptedBackendError(Exception):
    """The scripted backend's process is gone, or refused a command."""


class ScriptedBackend:
    """One scripted backend on a port of 127.0.0.1.

    Args:
        models: ids that it lists.
        port: 0 takes a free one, and the same one after a restart.
        core: the CPU that its process is bound to; None binds it to none.

    Attributes:
        url: address without a path.
        models: ids that it lists.
    """

    def __init__(self, *, models: tuple[str, ...] = ("scripted",), port: int = 0, core: int | None = None) -> None:
        self.models = models
        self.url = ""
        self._port = port
        self._core = core
        self._script = Script()
        self._earlier_requests: list[RecordedRequest] = []
        self._process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self._orders: IO[bytes] | None = None
        self._replies: IO[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process and set `url`. It plays the last script set for all requests; sequences are forgotten.

        Raises:
            OSError: the port is taken.
            ScriptedBackendError: the process ended at once.
        """
        arguments = ["--obey", "--port", str(self._port), "--models", *self.models]
        if self._core is not None:
            arguments += ["--core", str(self._core)]
        self._launch(arguments)
        try:
            reply = self._read_reply()
        except BaseException:  # Ctrl-C included: no process may stay behind
            self._end()
            raise
        if "url" not in reply:
            self._end()
            raise OSError(reply.get("errno"), reply["error"])
        self.url = reply["url"]
        self._port = int(self.url.rpartition(":")[2])
        self.play(self._script)

    def stop(self) -> None:
        """Reset all connections and release the port; records stay. Calling it again does nothing."""
        if self._process is not None:
            with contextlib.suppress(ScriptedBackendError):  # the process is gone already
                self._earlier_requests = self.requests
            self._end()

    @property
    def pid(self) -> int:
        """The id of its process.

        Raises:
            ScriptedBackendError: it is not running.
        """
        if self._process is None:
            raise ScriptedBackendError("The scripted backend does not run: start it.")
        return self._process.pid

    @property
    def script(self) -> Script:
        """The script for requests without a closer match; running requests keep theirs."""
        return self._script

    @script.setter
    def script(self, script: Script) -> None:
        self.play(script)

    def play(self, *scripts: Script, path: str | None = None, model: str | None = None, cycle: bool = False) -> None:
        """Play scripts in order and repeat the last one.

        Args:
            scripts: one for each request.
            path: play them only at this path, given without a query; probes such as `/v1/models` included.
            model: play them only for this model. Without path and model they replace all earlier ones.
            cycle: begin with the first one again after the last one, so that a share of all requests gets each.

        Raises:
            ValueError: there is no script.
        """
        if not scripts:
            raise ValueError("Give at least one script to play.")
        if path is None and model is None:
            self._script = scripts[-1]
        if self._process is not None:
            self._send_command("play", scripts=[*map(to_json, scripts)], path=path, model=model, cycle=cycle)

    @property
    def requests(self) -> list[RecordedRequest]:
        """All recorded requests in order, probes included; the newest 100,000 of each start."""
        if self._process is None:
            return list(self._earlier_requests)
        records = self._send_command("requests")
        return [*self._earlier_requests, *map(record_from_json, records)]

    def chat_requests(self) -> list[RecordedRequest]:
        """The recorded model requests, without probes."""
        return [request for request in self.requests if request.asks_for_answer]

    def chat_bodies(self) -> list[bytes]:
        """The bodies of `chat_requests()`, without their long records."""
        return [body.encode("latin-1") for body in self._send_command("bodies")]

    def await_requests(
        self, condition: Callable[[list[RecordedRequest]], bool], within_s: float
    ) -> list[RecordedRequest]:
        """Wait until the recorded model requests meet a condition or the time is over, and return them."""
        return poll_until(self.chat_requests, condition, Deadline(within_s), every_s=_POLL_S)

    def count(self) -> int:
        """The number of requests since its start, probes and forgotten ones included."""
        return int(self._send_command("count"))

    def forget_requests(self) -> None:
        """Forget all recorded requests."""
        self._earlier_requests = []
        self._send_command("forget")

    def release(self) -> None:
        """Let the answers that a script holds go on, and all later ones until the next such script."""
        self._send_command("release")

    def ignore_connections(self) -> None:
        """Reset all connections and let new ones time out, as a dead machine does (Linux)."""
        self._send_command("accept", connections=False)

    def accept_connections(self) -> None:
        """Accept connections again after `ignore_connections`."""
        self._send_command("accept", connections=True)

    def drop_connections(self) -> None:
        """Reset all connections, idle ones too."""
        self._send_command("drop")

    def _send_command(self, name: str, **arguments: object) -> Any:
        with self._lock:
            process = self._process
            if process is None or self._orders is None:
                raise ScriptedBackendError("The scripted backend does not run: start it.")
            try:
                self._orders.write(json.dumps({"do": name, **arguments}).encode() + b"\n")
                self._orders.flush()
            except OSError as error:
                raise ScriptedBackendError(f"The scripted backend's process {process.pid} is gone.") from error
            reply = self._read_reply()
        if "done" not in reply:
            raise ScriptedBackendError(f"The scripted backend did not {name}: {reply['error']}")
        return reply["done"]

    def _read_reply(self) -> dict[str, Any]:
        assert self._replies is not None  # noqa: S101  # callers have started it
        line = self._replies.readline()
        if not line:
            raise ScriptedBackendError("The scripted backend's process ended; its last words are on standard error.")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _launch(self, arguments: list[str]) -> None:
        child_input, orders = os.pipe()
        replies, child_output = os.pipe()
        self._orders, self._replies = os.fdopen(orders, "wb"), os.fdopen(replies, "rb")
        with os.fdopen(child_input, "rb") as stdin, os.fdopen(child_output, "wb") as stdout:
            if SUPPORTED:
                self._process = _STARTER.start(
                    _PROGRAM,
                    arguments,
                    cwd=Path.cwd(),
                    environment=os.environ,
                    descriptors=(stdin.fileno(), stdout.fileno(), _STDERR),
                )
            else:
                command = [sys.executable, "-m", _PROGRAM, *arguments]
                self._process = subprocess.Popen(command, stdin=stdin, stdout=stdout)  # noqa: S603  # our own

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._orders is None or self._replies is None:
            return
        # Read what it still says, or it would wait for a reader.
        rest = threading.Thread(target=self._replies.read, daemon=True)
        rest.start()
        with contextlib.suppress(OSError):  # an order that a dead process did not take
            self._orders.close()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        rest.join()
        self._replies.close()


def main() -> None:
    """Serve until Ctrl-C, and print the address on standard output."""
    parser = argparse.ArgumentParser(prog="scripted_backend", description="Play a script as an LLM backend.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--core", type=int, help="the CPU to stay on")
    parser.add_argument("--models", nargs="+", default=["scripted"], help="names that it lists")
    parser.add_argument("--chunk-delay", type=float, default=0.0, help="seconds before each chunk of a stream")
    parser.add_argument("--words", type=int, help="answer with so many words, one chunk each")
    parser.add_argument("--script", type=Path, help="JSON file with one script or a list of them, instead")
    parser.add_argument("--obey", action="store_true", help="take orders on standard input, end with it")
    options = parser.parse_args()
    chunks = words(options.words) if options.words else WORDS
    scripts: tuple[Script, ...] = (Script(chunks=chunks, chunk_delay=options.chunk_delay),)
    if options.script is not None:
        scripts = load(options.script.read_text("utf-8"))
    models = tuple(options.models)
    sys.exit(child.serve(models=models, port=options.port, core=options.core, scripts=scripts, obeys=options.obey))


__all__ = [
    "Delay",
    "Exponential",
    "Fault",
    "RecordedRequest",
    "Script",
    "ScriptedBackend",
    "ScriptedBackendError",
    "Sent",
    "Stall",
    "ToolCall",
    "Uniform",
    "main",
    "words",
]
