"""Standard error, written by a thread of its own, so that whoever reads it slowly, or not at all, holds up nothing.

The bytes go past Python's own buffer: a thread that is stuck in that would keep the interpreter from ending.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque

DESCRIPTOR = 2
WAITING_LIMIT = 10_000
# How long the process's end may wait for a reader.
LAST_WORDS_S = 1.0


class Stderr:
    """A bounded queue of whole lines before a file descriptor.

    Args:
        descriptor: where to write.
        limit: how many pieces may wait.

    Attributes:
        dropped: pieces that did not fit.
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
        """Something waits, or is being written."""
        return bool(self._waiting)

    def put(self, lines: bytes) -> None:
        """Have them written; it never waits."""
        with self._changed:
            if len(self._waiting) >= self._limit:
                self.dropped += 1
                return
            self._waiting.append(lines)
            if self._thread is None:
                # Not before there is something: a process that only imports this may fork.
                self._thread = threading.Thread(target=self._write_all, name="stderr", daemon=True)
                self._thread.start()
                atexit.register(self.flush, LAST_WORDS_S)
            self._changed.notify_all()

    def flush(self, within_s: float) -> bool:
        """Wait until all is written, but no longer than `within_s` seconds; whether it is."""
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
            # Nobody will ever read it.
            self.dropped += 1


STDERR = Stderr()
"""The process's own."""
