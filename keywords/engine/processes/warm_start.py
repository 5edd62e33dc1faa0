"""Starts of `gateway serve` without the second that its imports take, for runs that start a hundred gateways.

Linux: a warm interpreter forks itself. macOS, Windows: not supported, `keywords.engine.processes.gateway` starts each
gateway anew.

Measured on two busy cores, 24 starts of each in turn, median: 0.02 s of processor time and 0.07 s until the gateway
listens; a new interpreter takes 0.63 s of processor time. A forkserver of `multiprocessing` with the same modules takes
as long (0.02 s, 0.07 s) only while its caller hides `__main__`: it runs the caller's main script in each process, which
for `robot` takes 0.10 s and 0.24 s, and 11 MB more. It also loses the gateway's last log lines (Python 3.11 ends such a
process without `atexit`), reports 255 for an exit status that nobody knows, hides why an import failed, and adds a
resource tracker and five open files to each gateway.
"""

from __future__ import annotations

import atexit
import json
import queue
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SUPPORTED: Final = sys.platform == "linux"
"""On macOS some system libraries must not be used after a fork without exec; Windows has no fork."""
INTERPRETER: Final = Path(__file__).with_name("warm_interpreter.py")
_PROGRAM: Final = "gateway"
_MODULES: Final = (
    "gateway.cli.main",
    "gateway.server.service",
    # Imported when they are needed, so that other commands, platforms and settings do without them:
    "gateway.server.listen",
    "gateway.server.http_protocol",
    "encodings.idna",
    "pydantic.v1",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.loops.uvloop",
    "uvloop",
)
"""All that a gateway imports until it listens; each module that is missing here is imported anew in each start."""
_FIRST_ANSWER_WITHIN_S: Final = 60.0


class WarmStartError(Exception):
    """The warm interpreter has ended, or does not answer."""


class ForkedProcess:
    """A process that the warm interpreter started, with the few methods of `subprocess.Popen` that are used here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while the process runs."""
        return self._status if self._ended.is_set() else None

    def wait(self) -> int | None:
        """Wait for the end of the process and return its exit status."""
        self._ended.wait()
        return self._status

    def kill(self) -> None:
        """Kill the process, unless it has ended."""
        if not self._ended.is_set():
            # The news of its end may be on the way.
            with suppress(psutil.NoSuchProcess):
                psutil.Process(self.pid).kill()

    def note_end(self, status: int | None) -> None:
        """Note that the process has ended; the status is None if it is unknown."""
        self._status = status
        self._ended.set()


class WarmStarter:
    """Starts processes through one warm interpreter, which starts with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interpreter: subprocess.Popen[bytes] | None = None
        self._orders: queue.SimpleQueue[Future[ForkedProcess]] = queue.SimpleQueue()
        self._listener = threading.Thread()

    def start(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], output: Path
    ) -> ForkedProcess:
        """Start `gateway` in its own session; an interrupt of this call leaves no process behind.

        Args:
            arguments: arguments of `gateway`.
            cwd: working directory.
            environment: all environment variables.
            output: an existing file for standard output and standard error.

        Raises:
            WarmStartError: the interpreter could not import the gateway, or has ended.
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
            assert pipe is not None  # noqa: S101  # a pipe, see `_open`
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
        """End the interpreter; the processes that it started continue, and their exit statuses are lost."""
        if self._interpreter and self._interpreter.stdin:
            self._interpreter.stdin.close()
            self._interpreter.wait()
            self._listener.join()
            self._interpreter = None

    def _open(self) -> subprocess.Popen[bytes]:
        self._orders = queue.SimpleQueue()
        interpreter = subprocess.Popen(  # noqa: S603  (our own file)
            # -P: in the file's own folder, `gateway.py` would hide the package of this name.
            [sys.executable, "-P", str(INTERPRETER), _PROGRAM, *_MODULES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in the terminal must not reach it.
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, args=(interpreter, self._orders), daemon=True)
        self._listener.start()
        atexit.register(self.close)
        return interpreter

    def _listen(self, interpreter: subprocess.Popen[bytes], orders: queue.SimpleQueue[Future[ForkedProcess]]) -> None:
        """Read the news; the line of a process's start always precedes the line of its end."""
        assert interpreter.stdout is not None  # noqa: S101  # a pipe, see `_open`
        processes: dict[int, ForkedProcess] = {}
        with interpreter.stdout:
            for line in interpreter.stdout:
                news: dict[str, Any] = json.loads(line)
                if "started" in news:
                    process = processes[news["started"]] = ForkedProcess(news["started"])
                    ordered = orders.get()
                    if ordered.set_running_or_notify_cancel():
                        ordered.set_result(process)
                    else:
                        # The call that ordered it was interrupted.
                        process.kill()
                else:
                    processes.pop(news["ended"]).note_end(news["status"])
        for process in processes.values():
            process.note_end(None)
        while not orders.empty():
            if (ordered := orders.get()).set_running_or_notify_cancel():
                ordered.set_exception(
                    WarmStartError("the interpreter that starts gateways has ended; `python -m gateway` may say why")
                )


STARTER: Final = WarmStarter()
"""The run's one warm interpreter."""
