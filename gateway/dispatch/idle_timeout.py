"""Limit each of many waits with one timer; `asyncio.timeout` around each event of a stream costs 4 µs more."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import TypeVar

    from gateway.request.liveness import Liveness

    T = TypeVar("T")


class IdleTimeout:
    """Async context whose task may call `wait`, one wait at a time.

    A wait may last as long as bytes arrive from the backend, whatever becomes of them, up to a deadline. The timer asks
    for them only when it fires, so that a chunk costs nothing; a wait that ends in time leaves the timer running.

    Args:
        liveness: shows when bytes of the answer came.
        deadline: end of all waits, on the event loop's clock.
    """

    __slots__ = (
        "_deadline", "_expired", "_limit_s", "_liveness", "_loop", "_ping", "_ping_at", "_ping_s", "_quiet_since",
        "_task", "_timer", "_until",
    )  # fmt: skip

    def __init__(self, liveness: Liveness, deadline: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._liveness = liveness
        self._deadline = deadline
        self._timer: asyncio.TimerHandle | None = None
        self._limit_s = self._until = math.inf
        self._ping: Callable[[], object] | None = None
        self._ping_s = self._ping_at = math.inf
        self._quiet_since = 0.0
        self._expired = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # there is one in every coroutine that runs
        self._task = task
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ping_every(self, interval_s: float, ping: Callable[[], object]) -> None:
        """Call `ping` during a wait for each interval in which bytes arrived and the wait did not end."""
        self._ping_s = interval_s
        self._ping = ping

    async def wait(self, awaitable: Awaitable[T], limit_s: float) -> T:
        """Await and return the result.

        Raises:
            TimeoutError: no byte arrived for `limit_s`, or the deadline passed; it was cancelled.
        """
        self._quiet_since = now = self._loop.time()
        self._limit_s = limit_s
        self._until = min(now + limit_s, self._deadline)
        self._ping_at = now + self._ping_s
        next_at = min(self._until, self._ping_at)
        if self._timer is None or self._timer.when() > next_at:
            self._set_timer(next_at)
        cancelling = self._task.cancelling()
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._expired:
                self._expired = False
                if self._task.uncancel() <= cancelling:
                    raise TimeoutError from None
            raise
        finally:
            self._until = math.inf

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._until == math.inf:
            return
        now = self._loop.time()
        silent_s = 0.0 if self._liveness.finished else self._liveness.silent_s()
        self._until = min(max(self._until, now - silent_s + self._limit_s), self._deadline)
        if now >= self._until:
            self._expired = True
            self._task.cancel()
            return
        if now >= self._ping_at:
            if self._ping is not None and silent_s < now - self._quiet_since:
                self._ping()
            self._quiet_since = now
            self._ping_at = now + self._ping_s
        self._set_timer(min(self._until, self._ping_at))
