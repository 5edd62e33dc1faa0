"""Asks each backend one question of readiness at a time, however many clients ask for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.backends.base import Backend


class Probes:
    """Asks backends whether they would answer.

    Readiness needs no key: without this, a client could make the gateway open any number of connections to its
    backends. An answer is never kept: readiness may change from one request to the next.
    """

    def __init__(self) -> None:
        self._running: dict[Backend, asyncio.Task[bool]] = {}

    async def ask(self, backend: Backend) -> bool:
        """Whether the backend would answer; questions at the same time share one answer."""
        task = self._running.get(backend)
        if task is None:
            task = asyncio.create_task(backend.ready())
            self._running[backend] = task
            task.add_done_callback(lambda _: self._running.pop(backend))
        # A caller that leaves ends the wait of no other.
        return await asyncio.shield(task)
