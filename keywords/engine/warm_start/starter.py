"""Starts of Python programs without the time that their imports take, for runs that start hundreds of them.

Linux: a warm interpreter forks itself. macOS, Windows: not supported, callers start each program anew.

Measured on two busy cores, 24 starts of a gateway each in turn, median: 0.02 s of processor time and 0.07 s until it
listens; a new interpreter takes 0.63 s of processor time. A forkserver of `multiprocessing` with the same modules takes
as long (0.02 s, 0.07 s) only while its caller hides `__main__`: it runs the caller's main script in each process, which
for `robot` takes 0.10 s and 0.24 s, and 11 MB more. It also loses the gateway's last log lines (Python 3.11 ends such a
process without `atexit`), reports 255 for an exit status that nobody knows, hides why an import failed, and adds a
resource tracker and five open files to each gateway.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
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
INTERPRETER: Final = Path(__file__).with_name("interpreter.py")
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

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end of the process and return its exit status.

        Raises:
            subprocess.TimeoutExpired: it did not end within the timeout, in seconds.
        """
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
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
    """Starts programs through one warm interpreter, which starts with the first of them.

    Args:
        modules: what the interpreter imports. Each program's own environment and working directory come later, so
            none of them may read these when it is imported.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules
        self._lock = threading.Lock()
        self._interpreter: subprocess.Popen[bytes] | None = None
        self._pipe: socket.socket | None = None
        self._orders: queue.SimpleQueue[Future[ForkedProcess]] = queue.SimpleQueue()
        self._listener = threading.Thread()

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        descriptors: tuple[int, int, int],
    ) -> ForkedProcess:
        """Run a module as `python -m` does, in its own session; an interrupt of this call leaves no process behind.

        Args:
            module: its name, such as `gateway`.
            arguments: its arguments.
            cwd: working directory.
            environment: all environment variables.
            descriptors: open files for its standard input, output and error; the caller closes its own.

        Raises:
            WarmStartError: the interpreter could not import the modules, or has ended.
        """
        if sys.platform != "linux":
            raise WarmStartError("programs are started from a warm interpreter on Linux only")
        order = json.dumps(
            {
                "module": module,
                "arguments": list(arguments),
                "cwd": str(cwd.resolve()),
                "environment": dict(environment),
            }
        )
        with self._lock:
            if self._interpreter is None or self._interpreter.poll() is not None:
                self._interpreter = self._open()
            ordered: Future[ForkedProcess] = Future()
            self._orders.put(ordered)
            assert self._pipe is not None  # noqa: S101  # opened with the interpreter
            try:
                socket.send_fds(self._pipe, [order.encode()], descriptors)
                return ordered.result(_FIRST_ANSWER_WITHIN_S)
            except BaseException as error:
                if not ordered.cancel() and ordered.exception() is None:
                    ordered.result().kill()
                if isinstance(error, OSError):
                    raise WarmStartError(f"the interpreter that starts programs does not answer: {error!r}") from error
                raise

    def run(
        self, module: str, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a module as `python -m` does to its end, with nothing on its standard input, and keep what it says.

        Args:
            module: its name.
            arguments: its arguments.
            cwd: working directory.
            environment: all environment variables.
            timeout_s: time limit, in seconds; then it is killed.

        Raises:
            WarmStartError: as `start`.
            subprocess.TimeoutExpired: it did not end in time.
        """
        nothing = Path(os.devnull)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, nothing.open("rb") as empty:
            descriptors = (empty.fileno(), output.fileno(), errors.fileno())
            process = self.start(module, arguments, cwd=cwd, environment=environment, descriptors=descriptors)
            try:
                status = process.wait(timeout_s)
            except BaseException:
                process.kill()
                process.wait()
                raise
            if status is None:
                raise WarmStartError(f"the interpreter ended before {module}, whose exit status it knew")
            for file in (output, errors):
                file.seek(0)
            return subprocess.CompletedProcess([module, *arguments], status, output.read(), errors.read())

    def close(self) -> None:
        """End the interpreter; the processes that it started continue, and their exit statuses are lost."""
        if self._interpreter and self._pipe:
            self._pipe.close()
            self._interpreter.wait()
            self._listener.join()
            self._interpreter = None

    def _open(self) -> subprocess.Popen[bytes]:
        self._orders = queue.SimpleQueue()
        if self._pipe:
            self._pipe.close()
        # Keeps the orders apart.
        self._pipe, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        interpreter: subprocess.Popen[bytes]
        with theirs:
            interpreter = subprocess.Popen(  # noqa: S603  (our own file)
                # -P: in the file's own folder, `starter.py` would hide packages of this name.
                [sys.executable, "-P", str(INTERPRETER), *self._modules],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                # By a pipe, as programs look at their import whether this is a terminal.
                stderr=subprocess.PIPE,
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
        assert interpreter.stderr is not None  # noqa: S101  # a pipe, see `_open`
        processes: dict[int, ForkedProcess] = {}
        with interpreter.stdout as news_of_it, interpreter.stderr as errors:
            for line in news_of_it:
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
            # Of a traceback the last line tells most.
            *_, why = errors.read().decode(errors="replace").strip().splitlines() or ["without a message"]
        for process in processes.values():
            process.note_end(None)
        while not orders.empty():
            if (ordered := orders.get()).set_running_or_notify_cancel():
                ordered.set_exception(WarmStartError(f"the interpreter that starts programs has ended: {why}"))
