"""aiohttp connections that note when a backend's bytes were read, and can relay them at once.

While the event loop is busy with other requests, a coroutine wakes up later than its bytes arrived. That delay is the
gateway's own and must not count as waiting for the backend, so a wait ends when the bytes were read from the socket.

A stream's chunks are written while they are read, if that needs no wait: see `gateway.backends.http.relay`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from gateway.backends.http.relay import Relay
from gateway.request.usage import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.connector import Connection as PooledConnection

    from gateway.request.liveness import Liveness


ANSWER_LIMIT = 32 * 1024 * 1024
"""The most bytes of a whole answer; the longest answers of text have a few megabytes."""
VECTORS_LIMIT = 256 * 1024 * 1024
"""The most bytes of an answer of vectors: 2048 vectors of 3072 numbers have about 140 MB."""


class AnswerTooLargeError(aiohttp.ClientPayloadError):
    """A whole answer has more bytes than its limit.

    Attributes:
        limit: the most bytes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


# A context variable, because aiohttp creates connections and responses itself and passes nothing of a request to them.
METER: ContextVar[Meter] = ContextVar("meter", default=Meter())  # noqa: B039  # the waits of a probe are not counted
"""The meter of the call that this task awaits."""


class _Protocol(ResponseHandler):
    arrived = 0.0
    listener: Callable[[], None] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.relayed: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        if data:
            self.arrived = perf_counter()
        super().data_received(data)
        if self.listener is not None:
            self.listener()

    def set_exception(self, exc: BaseException, *cause: Any) -> None:
        super().set_exception(exc, *cause)
        body = self._payload
        # aiohttp tells it to a body whose connection breaks, and not to one whose bytes are no HTTP.
        if body is not None and body.exception() is None and not body.is_eof():
            error = aiohttp.ClientPayloadError("the body is no HTTP")
            error.__cause__ = exc
            body.set_exception(error)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002  # as aiohttp has it
        # Called after each read of the body, mostly when nothing is paused; aiohttp then parses no bytes, for 2 µs.
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self.listener is not None:
            self.listener()


class TimedConnector(aiohttp.TCPConnector):
    """A pool of connections that note when bytes were read; connecting counts as waiting for the backend."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # aiohttp has no public way to set the protocol; its own is a partial in the same attribute.
        self._factory = lambda: _Protocol(self._loop)  # type: ignore[assignment]  # a callable like the partial

    async def connect(self, *arguments: Any, **options: Any) -> PooledConnection:
        """A connection from the pool, or a new one."""
        began = perf_counter()
        try:
            return await super().connect(*arguments, **options)
        finally:
            METER.get().add_wait(began, perf_counter())


class TimedResponse(aiohttp.ClientResponse):
    """A response whose waits count in its call's meter."""

    _timed_protocol: _Protocol
    _meter: Meter
    _liveness: Liveness

    async def start(self, connection: PooledConnection) -> Self:
        """Wait for the status line and headers."""
        self._timed_protocol = cast("_Protocol", connection.protocol)
        self._meter = METER.get()
        began = perf_counter()
        try:
            await super().start(connection)
        except BaseException:
            self._meter.add_wait(began, perf_counter())
            raise
        self._meter.add_wait(began, self._timed_protocol.arrived)
        return self

    async def read(self, limit: int = ANSWER_LIMIT, *, cut: bool = False) -> bytes:
        """Read the whole body.

        Args:
            limit: the most bytes to take.
            cut: return the first bytes of a longer body, instead of raising.

        Raises:
            AnswerTooLargeError: the body is longer, or says so in its length.
        """
        if (self.content_length or 0) > limit and not cut:
            raise AnswerTooLargeError(limit)
        parts, size = [], 0
        began = perf_counter()
        try:
            while size <= limit and (data := await self.content.readany()):
                parts.append(data)
                size += len(data)
        except BaseException:
            self._meter.add_wait(began, perf_counter())
            raise
        self._meter.add_wait(began, self._timed_protocol.arrived)
        if size > limit and not cut:
            raise AnswerTooLargeError(limit)
        return b"".join(parts)[:limit]

    def show_life(self, liveness: Liveness) -> None:
        """Show in `liveness`, from now on, when bytes of this response come."""
        self._liveness = liveness
        liveness.receiver = self._timed_protocol

    def chunks(self) -> Chunks:
        """The body in chunks as read from the socket."""
        return Chunks(self.content, self._timed_protocol, self._meter, self._liveness)


class Chunks:
    """Iterates over a body in chunks as read from the socket; see `TimedResponse.chunks`."""

    def __init__(self, content: aiohttp.StreamReader, protocol: _Protocol, meter: Meter, liveness: Liveness) -> None:
        self._content = content
        self._protocol = protocol
        self._meter = meter
        self._liveness = liveness
        self._peeked = b""
        self._end: asyncio.TimerHandle | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._peeked:
            data, self._peeked = self._peeked, b""
            return data
        began = perf_counter()
        try:
            data = await self._content.readany()
        except BaseException:
            self._meter.add_wait(began, perf_counter())
            raise
        if not data:
            # At the end of the body there is no arrival time.
            self._meter.add_wait(began, perf_counter())
            raise StopAsyncIteration
        self._meter.add_wait(began, self._protocol.arrived)
        return data

    async def peek(self, accept: Callable[[bytes], object]) -> bytes:
        """Read until `accept` returns something true for the beginning of the body, or the body ends; return that.

        The iteration begins with what was read.
        """
        beginning = b""
        while not accept(beginning) and (chunk := await anext(self, b"")):
            beginning += chunk
        self._peeked = beginning
        return beginning

    async def rest(self, limit: int = ANSWER_LIMIT) -> bytes:
        """Read the rest of the body.

        Raises:
            AnswerTooLargeError: it has more bytes than `limit`.
        """
        parts, size = [], 0
        async for part in self:
            size += len(part)
            if size > limit:
                raise AnswerTooLargeError(limit)
            parts.append(part)
        return b"".join(parts)

    def end_within(self, limit_s: float) -> None:
        """Break the body off after that time, for a backend that has finished its answer and does not end its stream.

        Another call restarts the time; `let_run` cancels it.
        """
        self.let_run()
        self._liveness.finished = True
        self._end = asyncio.get_running_loop().call_later(limit_s, self._break_off)

    def let_run(self) -> None:
        """Cancel `end_within`."""
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _break_off(self) -> None:
        with suppress(RuntimeError):
            # Raised in a wait for bytes, of which none will come.
            self._peeked += self._content.read_nowait()
        self._content.set_exception(aiohttp.ServerTimeoutError("the answer was finished, and its stream did not end"))
        if self._protocol.listener is not None:
            self._protocol.listener()

    async def relay(self, on_chunk: Callable[[bytes], bool]) -> None:
        """Write each chunk while it is read from the socket, until the body ends or `on_chunk` wants no more.

        The next step of the iteration reports how the body ended.

        Args:
            on_chunk: takes a chunk, never waits, and returns whether it wants more; its exceptions are raised here.
        """
        await Relay(self._content, self._protocol, self._meter, on_chunk).run()
