"""`gateway serve` without the second that an interpreter takes to import it, for runs that start a hundred of them."""

from __future__ import annotations

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.processes import warm_interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUPPORTED: Final = sys.platform == "linux"
"""Elsewhere a process that was only forked may not use all of the system's libraries, or there is no fork at all."""
_PROGRAM: Final = "gateway"
_MODULES: Final = (
    "gateway.cli.main",
    "gateway.api.app",
    "gateway.server.listen",
    "gateway.server.http_protocol",
    "pydantic.v1",
    "uvloop",
)
_FIRST_ANSWER_WITHIN_S: Final = 60.0


class WarmStartError(Exception):
    """The warm interpreter is gone or does not answer."""


class ForkedProcess:
    """A process that the warm interpreter started: what is used here of `subprocess.Popen`, under the same names."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._status if self._ended.is_set() else None

    def wait(self) -> int | None:
        """Its exit status, once it has ended."""
        self._ended.wait()
        return self._status

    def kill(self) -> None:
        """End it with SIGKILL; nothing happens if it has ended."""
        if not self._ended.is_set():
            with suppress(ProcessLookupError):  # its end is not told yet
                os.kill(self.pid, signal.SIGKILL)

    def note_end(self, status: int | None) -> None:
        """Say that it ended; the status is None if nobody is left who knows it."""
        self._status = status
        self._ended.set()


class WarmStarter:
    """Starts processes through one warm interpreter, which it starts with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interpreter: subprocess.Popen[bytes] | None = None
        self._orders: queue.SimpleQueue[Future[ForkedProcess]] = queue.SimpleQueue()
        self._listener = threading.Thread()

    def start(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], output: Path
    ) -> ForkedProcess:
        """Start `gateway` with arguments, in a session of its own.

        Args:
            arguments: what follows `gateway`.
            cwd: working directory.
            environment: all of its variables.
            output: an existing file that gets its standard output and standard error.

        Whoever is interrupted while waiting for it leaves no process behind.

        Raises:
            WarmStartError: the interpreter could not import the gateway, or was ended.
        """
        order = {
            "arguments": list(arguments),
            "cwd": str(cwd),
            "environment": dict(environment),
            "output": str(output.resolve()),
        }
        with self._lock:
            if self._interpreter is None or self._interpreter.poll() is not None:
                self._interpreter = self._open()
            pipe = self._interpreter.stdin
            assert pipe is not None  # noqa: S101  # opened so
            ordered: Future[ForkedProcess] = Future()
            self._orders.put(ordered)
            try:
                pipe.write(json.dumps(order).encode() + b"\n")
                pipe.flush()
                return ordered.result(_FIRST_ANSWER_WITHIN_S)
            except BaseException as error:
                if not ordered.cancel() and ordered.exception() is None:
                    ordered.result().kill()
                if isinstance(error, OSError):
                    raise WarmStartError(f"the interpreter that starts gateways does not answer: {error!r}") from error
                raise

    def close(self) -> None:
        """End the interpreter; what it started goes on, and its exit status is lost."""
        if self._interpreter and self._interpreter.stdin:
            self._interpreter.stdin.close()
            self._interpreter.wait()
            self._listener.join()
            self._interpreter = None

    def _open(self) -> subprocess.Popen[bytes]:
        self._orders = queue.SimpleQueue()
        interpreter = subprocess.Popen(  # noqa: S603  (our own file)
            # -P: the file's own folder must not stand on the path, where its `statistics` would hide Python's own.
            [sys.executable, "-P", warm_interpreter.__file__, _PROGRAM, *_MODULES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
        self._listener = threading.Thread(target=self._listen, args=(interpreter, self._orders), daemon=True)
        self._listener.start()
        atexit.register(self.close)
        return interpreter

    def _listen(self, interpreter: subprocess.Popen[bytes], orders: queue.SimpleQueue[Future[ForkedProcess]]) -> None:
        """Hear its news; the order of the lines makes a process known before its end is told."""
        assert interpreter.stdout is not None  # noqa: S101  # opened so
        mine: dict[int, ForkedProcess] = {}
        with interpreter.stdout:
            for line in interpreter.stdout:
                news: dict[str, Any] = json.loads(line)
                if "started" in news:
                    process = mine[news["started"]] = ForkedProcess(news["started"])
                    ordered = orders.get()
                    if ordered.set_running_or_notify_cancel():
                        ordered.set_result(process)
                    else:
                        process.kill()  # nobody waits for it any more
                else:
                    mine.pop(news["ended"]).note_end(news["status"])
        for process in mine.values():
            process.note_end(None)
        while not orders.empty():
            if (ordered := orders.get()).set_running_or_notify_cancel():
                ordered.set_exception(
                    WarmStartError("the interpreter that starts gateways has ended; `python -m gateway` may say why")
                )


STARTER: Final = WarmStarter()
"""The run's one warm interpreter."""
