"""Limit each of many waits with one timer; `asyncio.timeout` around each event of a stream costs 4 µs more."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType
    from typing import TypeVar

    T = TypeVar("T")


class IdleTimeout:
    """Async context whose task may call `wait`, one wait at a time.

    A wait that ends in time leaves the timer running; the timer is set again only when it fires.
    """

    __slots__ = ("_expired", "_loop", "_task", "_timer", "_until")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._until = math.inf
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

    async def wait(self, awaitable: Awaitable[T], limit_s: float) -> T:
        """Await and return the result.

        Raises:
            TimeoutError: it took longer than `limit_s`, and was cancelled.
        """
        self.extend(limit_s)
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

    def extend(self, limit_s: float) -> None:
        """Restart the current wait with another limit."""
        self._until = self._loop.time() + limit_s
        if self._timer is None or self._timer.when() > self._until:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._until == math.inf:
            return
        if self._loop.time() < self._until:
            self._set_timer()
            return
        self._expired = True
        self._task.cancel()
