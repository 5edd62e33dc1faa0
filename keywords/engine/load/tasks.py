"""Tasks of a load run: the first exception of one ends the run, and what is under way can be drained."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Tasks:
    """The conversations and users of one client process.

    Args:
        on_failure: called with the first exception; servers cause none, so it is a fault of the client or its items.

    Attributes:
        running: those that have not ended.
    """

    def __init__(self, on_failure: Callable[[BaseException], None]) -> None:
        self.running: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start a task."""
        task = self._loop.create_task(work)
        self.running.add(task)
        task.add_done_callback(self._end)

    async def wait(self, limit_s: float | None) -> None:
        """Wait for all, and cancel those that have not ended within the limit; None for no limit."""
        if self.running:
            await asyncio.wait(self.running, timeout=limit_s)
        await self.cancel()

    async def cancel(self) -> None:
        """Cancel all, and wait for their ends."""
        tasks = list(self.running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)
