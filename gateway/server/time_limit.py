"""A time limit that can be started again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class TimeLimit:
    """One time limit.

    Args:
        loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has been started, and is neither stopped nor over."""
        return self._timer is not None

    def start(self, seconds: float, on_end: Callable[[], object]) -> None:
        """Start or restart it; call `on_end` when the time is over."""
        self.stop()
        self._timer = self._loop.call_later(seconds, self._end, on_end)

    def stop(self) -> None:
        """Stop it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, on_end: Callable[[], object]) -> None:
        self._timer = None
        on_end()
