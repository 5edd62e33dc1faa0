"""How a connection ends: at once, or only when its client had the time to read what was written for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.server.lingering import Lingering
from gateway.server.time_limit import TimeLimit
from gateway.server.unread_answer import UnreadAnswer

if TYPE_CHECKING:
    import asyncio

    from gateway.server.lingering import ReadBudget


class Ending:
    """The time limits of one connection's last bytes, in both directions.

    Args:
        loop: of the connection.
        transport: of the connection.
        budget: of all connections, for what is no longer wanted.

    Attributes:
        unread: the time limit of an answer that is not read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, budget: ReadBudget) -> None:
        self.unread = UnreadAnswer(loop, transport)
        self._loop = loop
        self._transport = transport
        self._budget = budget
        self._lingering: Lingering | None = None
        self._pause = TimeLimit(loop)

    @property
    def is_lingering(self) -> bool:
        """Whether bytes are read that are no longer wanted."""
        return self._lingering is not None

    def note(self, size: int) -> bool:
        """Note that `size` bytes came; return whether more may come."""
        if self._lingering is None:
            return True
        if not self._lingering.note(size):
            return False
        if pause_s := self._budget.pause_s(size, self._loop.time()):
            self._transport.pause_reading()
            self._lingering.pause()
            self._pause.start(pause_s, self._read_on)
        return True

    def linger(self) -> None:
        """Read on, for as long and as much as `Lingering` allows."""
        self.stop_lingering()
        self._lingering = Lingering(self._loop, self._transport.abort)

    def stop_lingering(self) -> None:
        """Stop passing over what comes: it is wanted again, or nothing more will come."""
        if self._lingering is not None:
            self._lingering.stop()
            self._lingering = None
        if self._pause.is_running:
            self._pause.stop()
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def gently(self) -> None:
        """Say that no more will be written, and read on, so that the client comes to read."""
        self._transport.write_eof()
        self.linger()

    def at_once(self) -> None:
        """Close, also if the client never reads what was written."""
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self.unread.watch()

    def stop(self) -> None:
        """Stop all time limits: the connection is gone."""
        self.unread.stop()
        self.stop_lingering()

    def _read_on(self) -> None:
        if self._lingering is not None:
            self._lingering.read_on()
        self._transport.resume_reading()
