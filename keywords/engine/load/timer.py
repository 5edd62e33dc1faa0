"""Timer of the load client: punctual to a tenth of a millisecond, on the clock of all samples.

uvloop and asyncio round their own timers to milliseconds. Linux: a `timerfd`, see timerfd_create(2), whose
CLOCK_MONOTONIC is that of `clock.now()`. macOS, Windows: the event loop's own timers.
"""

from __future__ import annotations

import asyncio
import ctypes
import heapq
import os
import struct
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

from keywords.engine import clock

if TYPE_CHECKING:
    from collections.abc import Callable

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_FIRES_AT_ONCE = 1e-9
"""A timerfd that is set to 0 would be switched off."""


class Timer:
    """Calls back at absolute moments; create it within a running loop, and close it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._set_for = float("inf")
        self._handle: asyncio.TimerHandle | None = None
        self._descriptor = _open_timer()
        if self._descriptor is not None:
            self._loop.add_reader(self._descriptor, self._read)

    def call_at(self, at: float, callback: Callable[[], object]) -> None:
        """Call back at a moment by `clock.now()`, or in the loop's next turn if it has passed."""
        heapq.heappush(self._due, (at, next(self._order), callback))
        self._set()

    async def until(self, at: float) -> None:
        """Wait for a moment by `clock.now()`; return at once if it has passed."""
        if at <= clock.now():
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self.call_at(at, lambda: None if future.done() else future.set_result(None))
        await future

    def close(self) -> None:
        """Forget all moments."""
        self._due.clear()
        if self._handle is not None:
            self._handle.cancel()
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _set(self) -> None:
        at = self._due[0][0] if self._due else float("inf")
        if at >= self._set_for or at == float("inf"):
            return
        self._set_for = at
        if self._descriptor is not None:
            _set_timer(self._descriptor, at)
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_later(max(0.0, at - clock.now()), self._fire)

    def _read(self) -> None:
        if self._descriptor is not None:
            try:
                os.read(self._descriptor, 8)
            except BlockingIOError:
                return
        self._fire()

    def _fire(self) -> None:
        self._set_for = float("inf")
        now = clock.now()
        try:
            while self._due and self._due[0][0] <= now:
                _, _, callback = heapq.heappop(self._due)
                callback()
        finally:
            # A callback that fails must not take the moments of the others with it.
            self._set()


def _open_timer() -> int | None:
    if sys.platform != "linux":
        return None
    descriptor: int = _libc().timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor if descriptor >= 0 else None


def _set_timer(descriptor: int, at: float) -> None:
    seconds, rest = divmod(max(at, _FIRES_AT_ONCE), 1)
    _libc().timerfd_settime(descriptor, _ABSOLUTE, struct.pack("llll", 0, 0, int(seconds), int(rest * 1e9) or 1), None)


def _libc() -> Any:
    global _LIBC  # noqa: PLW0603  # loaded once, and only where it is used
    if _LIBC is None:
        _LIBC = ctypes.CDLL(None, use_errno=True)
    return _LIBC


_LIBC: Any = None
