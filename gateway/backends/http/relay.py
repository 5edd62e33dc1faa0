"""Hands on the chunks of a body while they are read from the socket.

Waking a coroutine costs more than all other work on a chunk of a stream, and aiohttp's buffer as much as all of ours.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.request.usage import Meter


class RelayedConnection(Protocol):
    """What `Relay` asks of a connection.

    Attributes:
        arrived: `time.perf_counter()` when its latest bytes were read from the socket.
        listener: called after each read from the socket.
        relayed: what the latest read brought, if the body is a `_RelayedReader`.
    """

    arrived: float
    listener: Callable[[], None] | None
    relayed: list[bytes]


class _RelayedReader(aiohttp.StreamReader):
    """A body that is not buffered.

    A reader becomes one by `__class__`, because aiohttp's parser makes the readers itself.
    """

    __slots__ = ()

    _protocol: RelayedConnection  # type: ignore[assignment]  # the gateway's own connection

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        """Leave the bytes to the listener, which the connection calls at the end of this read."""
        del size
        self._protocol.relayed.append(data)
        return False

    def begin_http_chunk_receiving(self) -> None:
        """Mark nothing."""

    def end_http_chunk_receiving(self) -> None:
        """Mark nothing."""


class Relay:
    """Hands on each chunk of a body until the body ends or no more is wanted.

    Args:
        content: the body.
        connection: that it comes from.
        meter: takes note of the waits for the backend.
        on_chunk: takes a chunk, never waits, and returns whether it wants more; its exceptions are raised by `run`.
    """

    __slots__ = ("_connection", "_content", "_ended", "_is_relaying", "_meter", "_on_chunk", "_since")

    def __init__(
        self,
        content: aiohttp.StreamReader,
        connection: RelayedConnection,
        meter: Meter,
        on_chunk: Callable[[bytes], bool],
    ) -> None:
        self._content = content
        self._connection = connection
        self._meter = meter
        self._on_chunk = on_chunk
        self._ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._is_relaying = False
        self._since = perf_counter()

    async def run(self) -> None:
        """Relay, beginning with what is in the buffer; the next read of the body tells how it ended."""
        ended, content = self._ended, self._content
        self._connection.listener = self._on_read
        try:
            self._on_read()
            # What is decompressed can be long, and needs the bounds of the buffer.
            if not ended.done() and type(content) is aiohttp.StreamReader and content.total_compressed_bytes is None:
                content.__class__ = _RelayedReader
            error = await ended
        finally:
            self._stop()
        if error is not None:
            raise error

    def _on_read(self) -> None:
        if self._is_relaying:
            # `read_nowait` makes the connection read more, which calls this function again.
            return
        self._is_relaying, error = True, None
        try:
            if self._hand_on():
                return
        except Exception as failure:  # noqa: BLE001  # raised again where the stream is awaited
            error = failure
        finally:
            self._is_relaying = False
        # At once: the connection may serve its next request before the task wakes up.
        self._stop()
        if not self._ended.done():
            self._ended.set_result(error)

    def _hand_on(self) -> bool:
        """Hand on all that has come; return whether more may come."""
        content, relayed, total = self._content, self._connection.relayed, -1
        # What came before an error in the same read is still good.
        while content.exception() is None or relayed:
            if content.total_bytes == total:
                return not content.at_eof()
            # A read takes all there is; it may make the connection read more, which the total then shows.
            total = content.total_bytes
            if relayed:
                data = b"".join(relayed)
                relayed.clear()
            elif not (data := content.read_nowait()):
                return not content.at_eof()
            self._meter.add_wait(self._since, self._connection.arrived)
            wants_more = self._on_chunk(data)
            self._since = perf_counter()
            if not wants_more:
                return False
        return False

    def _stop(self) -> None:
        connection, content = self._connection, self._content
        if connection.listener != self._on_read:
            return
        connection.listener = None
        connection.relayed.clear()
        if type(content) is _RelayedReader:
            content.__class__ = aiohttp.StreamReader  # type: ignore[assignment]  # what it was
        self._meter.add_wait(self._since, perf_counter())
