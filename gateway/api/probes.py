"""One question at a time to each backend, whoever asks for readiness."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.backends.base import Backend


class Probes:
    """Asks backends whether they would answer.

    Readiness needs no key, so that without this anybody could have the gateway ask its backends as often, and over as
    many connections, as they like. An answer is never kept: readiness may change from one request to the next.
    """

    def __init__(self) -> None:
        self._running: dict[Backend, asyncio.Task[bool]] = {}

    async def ask(self, backend: Backend) -> bool:
        """Whether the backend would answer; who asks while it is being asked gets the same answer."""
        task = self._running.get(backend)
        if task is None:
            task = asyncio.create_task(backend.ready())
            self._running[backend] = task
            task.add_done_callback(lambda _: self._running.pop(backend))
        # A caller that leaves ends the wait of no other.
        return await asyncio.shield(task)
