"""The time that a client has to read what was written for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gateway.server.time_limit import TimeLimit

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
        self._limit = TimeLimit(loop)
        self._transport = transport

    def watch(self) -> None:
        """Start the time limit."""
        self._limit.start(STUCK_S, partial(self._check, self._transport.get_write_buffer_size()))

    def stop(self) -> None:
        """Stop it: the client reads, or the connection is gone."""
        self._limit.stop()

    def _check(self, waiting: int) -> None:
        if self._transport.get_write_buffer_size() < waiting:
            self.watch()
        else:
            self._transport.abort()
