"""The time that a client has to read what was written for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

# A client that reads not a byte of its answer for this long is disconnected.
STUCK_S = 30.0


class UnreadAnswer:
    """Ends a connection whose client reads nothing of what waits for it.

    Args:
        loop: of the connection.
        transport: of the connection.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop = loop
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Start the time limit."""
        self.stop()
        self._timer = self._loop.call_later(STUCK_S, self._check, self._transport.get_write_buffer_size())

    def stop(self) -> None:
        """Stop it: the client reads, or the connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self, waiting: int) -> None:
        if self._transport.get_write_buffer_size() < waiting:
            self.watch()
        else:
            self._transport.abort()
