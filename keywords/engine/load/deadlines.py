"""Deadlines of the requests under way, with one timer for all: hardly one of them ever passes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from keywords.engine import clock

if TYPE_CHECKING:
    from keywords.engine.load.connection import Connection
    from keywords.engine.load.failures import Failure


class Deadlines:
    """Aborts connections whose request has not ended in time; create it within a running loop.

    Args:
        failure: what such a request gets.
    """

    def __init__(self, failure: Failure) -> None:
        self._failure = failure
        self._loop = asyncio.get_running_loop()
        self._due: dict[Connection, float] = {}
        self._set_for = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Connection, at: float) -> None:
        """Abort a connection at a moment by `clock.now()`, unless it is removed before."""
        self._due[connection] = at
        if at < self._set_for:
            self._set(at)

    def remove(self, connection: Connection) -> None:
        """Forget a connection whose request has ended."""
        self._due.pop(connection, None)

    def close(self) -> None:
        """Forget all."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._set_for = at
        self._timer = self._loop.call_later(max(0.0, at - clock.now()), self._abort_late)

    def _abort_late(self) -> None:
        now = clock.now()
        for connection in [each for each, at in self._due.items() if at <= now]:
            self.remove(connection)
            connection.abort(self._failure)
        self._set_for = float("inf")
        if self._due:
            self._set(min(self._due.values()))
