"""The scripted backend: a real HTTP server, in a process of its own, that answers exactly as its script says.

It speaks every backend's format at once, each on its own paths:

| family | answers | probes |
| --- | --- | --- |
| openai, nim | `/v1/chat/completions`, `…/completions`, `…/embeddings` | `/v1/models`, `/v1/health/ready`, `…/live` |
| azure | the same below `/openai/deployments/<name>/` and `/openai/v1/` | `/openai/v1/models`, `/openai/models` |
| ollama | `/api/chat`, `/api/generate`, `/api/embed` | `/api/tags`, `/api/version` |
| anthropic | `/v1/messages` | `/v1/models` with the header `anthropic-version` |

Whatever arrives is recorded byte for byte, with the times of everything on the monotonic clock. Times of what was sent
are taken right before the bytes are handed to the event loop, which sends them in the same turn.

By hand: `python -m keywords.engine.scripted_backend --port 9000 --core 1 --words 64 --chunk-delay 0.01`, or `--script
FILE` with one script or a list of them as JSON; `keywords.engine.scripted.script` describes the fields.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine import clock
from keywords.engine.scripted import child
from keywords.engine.scripted.record import RecordedRequest, Sent, record_from_json
from keywords.engine.scripted.script import (
    WORDS,
    Delay,
    Exponential,
    Fault,
    Script,
    ToolCall,
    Uniform,
    load,
    to_json,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_STOP_LIMIT_S = 5.0
_POLL_S = 0.01


class ScriptedBackendError(Exception):
    """The scripted backend's process is gone, or did not do what it was told."""


class ScriptedBackend:
    """One scripted backend on a port of 127.0.0.1.

    Args:
        models: ids it lists.
        port: 0 takes a free one, and the same one when it is started again.
        core: the CPU its process stays on; None leaves that to the system.

    Attributes:
        url: address without a path.
        models: ids it lists.
    """

    def __init__(self, *, models: tuple[str, ...] = ("scripted",), port: int = 0, core: int | None = None) -> None:
        self.models = models
        self.url = ""
        self._port = port
        self._core = core
        self._script = Script()
        self._before: list[RecordedRequest] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen; `url` is known afterwards. It plays the script it had last, and forgets sequences.

        Raises:
            OSError: the port is taken.
            ScriptedBackendError: its process ended at once.
        """
        command = [sys.executable, "-m", __name__, "--obey", "--port", str(self._port), "--models", *self.models]
        if self._core is not None:
            command += ["--core", str(self._core)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # our own
        try:
            told = self._hear()
        except BaseException:  # Ctrl-C included: nothing may stay behind
            self._end()
            raise
        if "url" not in told:
            self._end()
            raise OSError(told.get("errno"), told["error"])
        self.url = told["url"]
        self._port = int(self.url.rpartition(":")[2])
        self.play(self._script)

    def stop(self) -> None:
        """Reset all connections and give the port back; what was recorded stays. Calling it again does nothing."""
        if self._process is not None:
            with contextlib.suppress(ScriptedBackendError):  # a process that is gone is stopped
                self._before = self.requests
            self._end()

    @property
    def pid(self) -> int:
        """Id of its process.

        Raises:
            ScriptedBackendError: it does not run.
        """
        if self._process is None:
            raise ScriptedBackendError("The scripted backend does not run: start it.")
        return self._process.pid

    @property
    def script(self) -> Script:
        """What it plays for every request that nothing else was put for; requests under way keep theirs."""
        return self._script

    @script.setter
    def script(self, script: Script) -> None:
        self.play(script)

    def play(self, *scripts: Script, path: str | None = None, model: str | None = None) -> None:
        """Play scripts one after the other, the last one again and again.

        Args:
            scripts: one for each request.
            path: only for requests at this path, without a query; also for probes such as `/v1/models`.
            model: only for requests for this model. Without path and model this replaces everything put before.

        Raises:
            ValueError: there is no script.
        """
        if not scripts:
            raise ValueError("Give at least one script to play.")
        if path is None and model is None:
            self._script = scripts[-1]
        if self._process is not None:
            self._order("play", scripts=[to_json(script) for script in scripts], path=path, model=model)

    @property
    def requests(self) -> list[RecordedRequest]:
        """Everything that arrived, in order, probes included, as it stands now; the newest 100,000 of each start."""
        if self._process is None:
            return list(self._before)
        return [*self._before, *(record_from_json(found) for found in self._order("requests"))]

    def chat_requests(self) -> list[RecordedRequest]:
        """The recorded requests for an answer, without probes and model lists."""
        return [request for request in self.requests if request.asks_for_answer]

    def chat_bodies(self) -> list[bytes]:
        """The bodies of `chat_requests()`, without their long records of what was sent when."""
        return [body.encode("latin-1") for body in self._order("bodies")]

    def await_requests(self, met: Callable[[list[RecordedRequest]], bool], within_s: float) -> list[RecordedRequest]:
        """The recorded requests for an answer as soon as they are as wanted, or when the time is over."""
        deadline = clock.now() + within_s
        while not met(found := self.chat_requests()) and clock.now() < deadline:
            time.sleep(_POLL_S)
        return found

    def count(self) -> int:
        """How many requests arrived since its start, probes included; also those that are no longer remembered."""
        return int(self._order("count"))

    def forget_requests(self) -> None:
        """Forget what was recorded so far."""
        self._before = []
        self._order("forget")

    def ignore_connections(self) -> None:
        """Reset all connections and let every further attempt to connect time out, as a dead machine does (Linux)."""
        self._order("accept", connections=False)

    def accept_connections(self) -> None:
        """Accept connections again after `ignore_connections`."""
        self._order("accept", connections=True)

    def drop_connections(self) -> None:
        """Reset all connections, idle ones too."""
        self._order("drop")

    def _order(self, do: str, **what: object) -> Any:
        with self._lock:
            process = self._process
            if process is None or process.stdin is None:
                raise ScriptedBackendError("The scripted backend does not run: start it.")
            try:
                process.stdin.write(json.dumps({"do": do, **what}).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                raise ScriptedBackendError(f"The scripted backend's process {process.pid} is gone.") from error
            told = self._hear()
        if "done" not in told:
            raise ScriptedBackendError(f"The scripted backend did not {do}: {told['error']}")
        return told["done"]

    def _hear(self) -> dict[str, Any]:
        assert self._process is not None  # noqa: S101  # asked by those who have one
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise ScriptedBackendError("The scripted backend's process ended; its last words are on standard error.")
        told: dict[str, Any] = json.loads(line)
        return told

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def main() -> None:
    """Serve until Ctrl-C; say where on standard output."""
    parser = argparse.ArgumentParser(prog="scripted_backend", description="Play a script as an LLM backend.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--core", type=int, help="the CPU to stay on")
    parser.add_argument("--models", nargs="+", default=["scripted"], help="names that it lists")
    parser.add_argument("--chunk-delay", type=float, default=0.0, help="seconds before each chunk of a stream")
    parser.add_argument("--words", type=int, help="answer with so many words, one chunk each")
    parser.add_argument("--script", type=Path, help="JSON file with one script or a list of them, instead")
    parser.add_argument("--obey", action="store_true", help="take orders on standard input, end with it")
    options = parser.parse_args()
    said = words(options.words) if options.words else WORDS
    scripts: tuple[Script, ...] = (Script(chunks=said, chunk_delay=options.chunk_delay),)
    if options.script is not None:
        scripts = load(options.script.read_text("utf-8"))
    sys.exit(
        child.serve(
            models=tuple(options.models),
            port=options.port,
            core=options.core,
            scripts=scripts,
            obeys=options.obey,
        )
    )


__all__ = [
    "Delay",
    "Exponential",
    "Fault",
    "RecordedRequest",
    "Script",
    "ScriptedBackend",
    "ScriptedBackendError",
    "Sent",
    "ToolCall",
    "Uniform",
    "main",
    "words",
]

if __name__ == "__main__":
    main()
