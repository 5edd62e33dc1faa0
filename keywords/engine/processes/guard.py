"""The guard of this process: it ends process trees when this process is gone, even if it was killed.

One guard serves all trees, as each costs an interpreter: 0.05 s of processor time and 15 MB, more than a warm start.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Final

from keywords.engine.processes import tree


class Guard:
    """A process that holds the other end of a pipe; it starts with the first tree that it watches.

    Attributes:
        pid: its process id; None before it starts.
    """

    def __init__(self) -> None:
        self.pid: int | None = None
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._watched: set[int] = set()

    def watch(self, pid: int) -> None:
        """End this process, with all that it started, when the caller's process is gone."""
        with self._lock:
            self._watched.add(pid)
            if self._process is not None and self._process.poll() is None:
                self._tell("watch", pid)
                return
            # It is the first one, or another process has ended the guard.
            self._start()
            for watched in self._watched:
                self._tell("watch", watched)

    def release(self, pid: int) -> None:
        """Let this process live on, or be: its id may belong to another one soon."""
        with self._lock:
            self._watched.discard(pid)
            self._tell("release", pid)

    def close(self) -> None:
        """End the guard, and what it still watches."""
        with self._lock:
            self._watched.clear()
            self._close()

    def _close(self) -> None:
        atexit.unregister(self.close)
        if self._process is not None:
            with suppress(BrokenPipeError):  # another process has ended the guard
                self._process.communicate()
            self._process = None

    def _start(self) -> None:
        self._close()
        self._process = subprocess.Popen(  # noqa: S603  (our own file)
            [sys.executable, "-I", tree.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            # Ctrl-C in the terminal must not reach it.
            start_new_session=True,
            creationflags=tree.NEW_GROUP,
        )
        self.pid = self._process.pid
        atexit.register(self.close)

    def _tell(self, order: str, pid: int) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):  # as above
                self._process.stdin.write(f"{order} {pid}\n")
                self._process.stdin.flush()


GUARD: Final = Guard()
"""The guard of all trees that this process starts."""
