"""The connection of an attacker."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_READ_BYTES = 65536
# After a connection that was refused or ended; without it, the attack would be one on the machine's port numbers.
_PAUSE_S = 0.01


@dataclass(slots=True)
class Effort:
    """What an attack has done.

    Attributes:
        connections: number of connections that were made.
        sent_bytes: bytes that were written.
    """

    connections: int = 0
    sent_bytes: int = 0


class Line:
    """One connection.

    Args:
        reader: of the connection.
        writer: of the connection.
        effort: is added to.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, effort: Effort) -> None:
        self._reader = reader
        self._writer = writer
        self._effort = effort

    async def send(self, data: bytes) -> None:
        """Write, and wait while the gateway does not read."""
        self._writer.write(data)
        self._effort.sent_bytes += len(data)
        await self._writer.drain()
        # A write that need not wait lets no other connection come to its turn.
        await asyncio.sleep(0)

    async def send_for_ever(self, piece: bytes, pause_s: float = 0.0) -> None:
        """Write the same piece again and again, until the connection breaks."""
        while True:
            await self.send(piece)
            if pause_s:
                await asyncio.sleep(pause_s)

    async def read(self) -> bytes:
        """Read what has come; empty at the end."""
        return await self._reader.read(_READ_BYTES)

    async def hold(self) -> None:
        """Do nothing until the gateway ends the connection."""
        while await self.read():
            pass

    def stop_reading(self) -> None:
        """Let everything that comes fill the buffers."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of a socket has it

    def shrink(self) -> None:
        """Offer a receive window as small as the system allows."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)

    def reset(self) -> None:
        """End the connection without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def finish_writing(self) -> None:
        """Close the direction to the gateway only."""
        self._writer.write_eof()

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found


async def attack(
    address: tuple[str, int], play: Callable[[Line], Awaitable[None]], connections: int, seconds: float
) -> Effort:
    """Play one kind of attack on many connections at once, each again and again on a new connection.

    Args:
        address: host and port of the gateway.
        play: what is done on one connection.
        connections: how many at once.
        seconds: how long.
    """
    effort = Effort()

    async def repeat() -> None:
        while True:
            writer = None
            try:
                reader, writer = await asyncio.open_connection(*address)
                effort.connections += 1
                await play(Line(reader, writer, effort))
            except OSError:
                pass
            finally:
                if writer is not None:
                    writer.transport.abort()
            await asyncio.sleep(_PAUSE_S)

    tasks = [asyncio.create_task(repeat()) for _ in range(connections)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    # The transports that were aborted close in the loop's next turn.
    await asyncio.sleep(0)
    for failure in failures:
        if isinstance(failure, Exception):
            raise failure
    return effort
