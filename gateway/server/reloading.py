"""Reload the configuration at SIGHUP and when its file has changed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from gateway.config.file_version import file_version
from gateway.operating_system.daemon_thread import in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

POLL_S = 0.5


class Reloading:
    """Calls `reload` on request and when the file has changed.

    It polls the file's time, size and inode. That sees the changes that editors, Kubernetes' links and network file
    systems make; the system's notifications miss some of them. A change counts once two polls have seen the same
    version, so that a half-written file is not read.

    Args:
        source: the configuration file.
        watch: whether a change of the file causes a reload; else only `request` does.
        reload: reads the file and applies it; must not raise.
    """

    def __init__(self, source: Path, *, watch: bool, reload: Callable[[], Awaitable[None]]) -> None:
        self._source = source
        self._is_watching = watch
        self._reload = reload
        self._requested = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def request(self) -> None:
        """Request a reload now; for signal handlers, also before `run`."""
        if self._loop is None:
            self._requested.set()
        else:
            self._loop.call_soon_threadsafe(self._requested.set)

    async def _version(self) -> tuple[int, int, int] | None:
        return await in_daemon_thread(partial(file_version, self._source))

    async def run(self) -> None:
        """Watch the file until cancelled."""
        self._loop = asyncio.get_running_loop()
        this = asyncio.current_task()
        assert this is not None  # noqa: S101  # it runs in a task
        loaded = current = await self._version()
        # Python 3.11's `wait_for` loses a cancellation that comes as its call ends.
        while not this.cancelling():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._requested.wait(), POLL_S)
            previous, current = current, await self._version()
            has_changed = current is not None and current == previous != loaded
            if self._requested.is_set() or (self._is_watching and has_changed):
                self._requested.clear()
                loaded = current
                await self._reload()
