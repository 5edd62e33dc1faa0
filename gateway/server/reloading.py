"""When the configuration is read again: at SIGHUP, and when its file has changed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from gateway.config.file_version import file_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

LOOK_S = 0.5


class Reloading:
    """Calls `reload` when it is time to.

    The file is looked at by its time, size and number: that sees what editors, Kubernetes' links and file systems of
    other machines do, which the system's notifications do not all. A change counts once two looks have seen the same,
    so that a half-written file is not taken for a whole one.

    Args:
        source: the file.
        watch: whether a change of it is enough; without that only `ask` is.
        reload: reads it and puts it to work; raises nothing.
    """

    def __init__(self, source: Path, *, watch: bool, reload: Callable[[], Awaitable[None]]) -> None:
        self._source = source
        self._is_watching = watch
        self._reload = reload
        self._asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self) -> None:
        """Have it read again now; for signal handlers, also before `run`."""
        if self._loop is None:
            self._asked.set()
        else:
            self._loop.call_soon_threadsafe(self._asked.set)

    async def run(self) -> None:
        """Look after the file until cancelled."""
        self._loop = asyncio.get_running_loop()
        read = looked_at = file_version(self._source)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), LOOK_S)
            before, looked_at = looked_at, file_version(self._source)
            has_changed = looked_at is not None and looked_at == before != read
            if self._asked.is_set() or (self._is_watching and has_changed):
                self._asked.clear()
                read = looked_at
                await self._reload()
