"""Write standard error in a thread, so that a slow or stuck reader delays nothing.

The bytes bypass Python's own buffer: a thread that is stuck in it would keep the interpreter from ending.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque

DESCRIPTOR = 2
WAITING_LIMIT = 10_000
# How long the end of the process may wait for the reader.
EXIT_FLUSH_S = 1.0


class Stderr:
    """Bounded queue of whole lines in front of a file descriptor.

    Args:
        descriptor: of the file to write.
        limit: how many writes may wait.

    Attributes:
        dropped: writes that did not fit, or that failed.
    """

    def __init__(self, descriptor: int = DESCRIPTOR, limit: int = WAITING_LIMIT) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something waits or is being written."""
        return bool(self._waiting)

    def put(self, lines: bytes) -> None:
        """Queue the lines, or drop them if the queue is full; never waits."""
        with self._changed:
            if len(self._waiting) >= self._limit:
                self.dropped += 1
                return
            self._waiting.append(lines)
            if self._thread is None:
                # Only now: a process that merely imports this module may fork.
                self._thread = threading.Thread(target=self._write_all, name="stderr", daemon=True)
                self._thread.start()
                atexit.register(self.flush, EXIT_FLUSH_S)
            self._changed.notify_all()

    def flush(self, within_s: float) -> bool:
        """Wait until all is written, but no longer than `within_s` seconds; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, within_s)

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            self._write(self._waiting[0])
            with self._changed:
                self._waiting.popleft()
                self._changed.notify_all()

    def _write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            # The reader has closed its end.
            self.dropped += 1


STDERR = Stderr()
"""The standard error of this process."""
