"""aiohttp's connections, with the time noted at which a backend's bytes were read, and bytes handed on right then.

A coroutine that waits for a backend wakes up later than its bytes came, by as long as the event loop is busy with other
requests. That delay is the gateway's own and must not count as waiting for the backend, so a wait ends here when the
bytes were read from the socket.

Waking a coroutine costs more than all that the gateway does with a chunk of a stream, so a chunk that can be
written without waiting is written while it is read: `Chunks.relay`.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from gateway.request.usage import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.connector import Connection as PooledConnection


# aiohttp makes connections and answers itself, and hands nothing of a request on to them.
METER: ContextVar[Meter] = ContextVar("meter", default=Meter())  # noqa: B039  # what a probe waits counts nowhere
"""The meter of the call whose answer is awaited in this task."""


class _Protocol(ResponseHandler):
    arrived = 0.0
    listener: Callable[[], None] | None = None

    def data_received(self, data: bytes) -> None:
        if data:
            self.arrived = perf_counter()
        super().data_received(data)
        if self.listener is not None:
            self.listener()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self.listener is not None:
            self.listener()


class TimedConnector(aiohttp.TCPConnector):
    """A pool whose connections note when bytes were read; making one counts as waiting for the backend."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # aiohttp has no public way to name the protocol; its own is a partial in the same place.
        self._factory = lambda: _Protocol(loop=self._loop)  # type: ignore[assignment]  # a callable like the partial

    async def connect(self, *arguments: Any, **options: Any) -> PooledConnection:
        """A connection from the pool, or a new one."""
        began = perf_counter()
        try:
            return await super().connect(*arguments, **options)
        finally:
            METER.get().add_wait(began, perf_counter())


class TimedResponse(aiohttp.ClientResponse):
    """An answer whose waits count in its call's meter."""

    _timed: _Protocol
    _meter: Meter

    async def start(self, connection: PooledConnection) -> Self:
        """Wait for the answer's head."""
        self._timed = cast("_Protocol", connection.protocol)
        self._meter = METER.get()
        began = perf_counter()
        try:
            await super().start(connection)
        except BaseException:
            self._meter.add_wait(began, perf_counter())
            raise
        self._meter.add_wait(began, self._timed.arrived)
        return self

    async def read(self) -> bytes:
        """The whole body."""
        began = perf_counter()
        try:
            body = await super().read()
        except BaseException:
            self._meter.add_wait(began, perf_counter())
            raise
        self._meter.add_wait(began, self._timed.arrived)
        return body

    def chunks(self) -> Chunks:
        """The body as it comes from the socket."""
        return Chunks(self.content, self._timed, self._meter)


class Chunks:
    """A body as it comes from the socket, to be iterated over; see `TimedResponse.chunks`."""

    def __init__(self, content: aiohttp.StreamReader, timed: _Protocol, meter: Meter) -> None:
        self._content = content
        self._timed = timed
        self._meter = meter

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        began = perf_counter()
        try:
            data = await self._content.readany()
        except BaseException:
            self._meter.add_wait(began, perf_counter())
            raise
        if not data:
            # A closed connection brings no bytes whose arrival could be noted.
            self._meter.add_wait(began, perf_counter())
            raise StopAsyncIteration
        self._meter.add_wait(began, self._timed.arrived)
        return data

    async def relay(self, write_now: Callable[[bytes], bool]) -> None:
        """Write each chunk while it is read from the socket, until the body ends or one cannot be written at once.

        How the body ended is told by the next step of the iteration.

        Args:
            write_now: takes a chunk, never waits, and says whether it wants more; what it raises is raised here.
        """
        content, timed, meter = self._content, self._timed, self._meter
        ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        since = perf_counter()
        is_passing = False

        def pass_on() -> None:
            nonlocal since, is_passing
            if is_passing:
                # Reading has the connection look for more, and that has it call here.
                return
            is_passing, error = True, None
            try:
                wanted = True
                while wanted and content.exception() is None and (data := content.read_nowait()):
                    meter.add_wait(since, timed.arrived)
                    wanted = write_now(data)
                    since = perf_counter()
                if wanted and content.exception() is None and not content.at_eof():
                    return
            except Exception as failure:  # noqa: BLE001  # it is raised again where the stream is awaited
                error = failure
            finally:
                is_passing = False
            # At once, for the connection may have its next request before the task wakes up.
            timed.listener = None
            if not ended.done():
                meter.add_wait(since, perf_counter())
                ended.set_result(error)

        timed.listener = pass_on
        try:
            # What has come since the last step.
            pass_on()
            error = await ended
        finally:
            if timed.listener is pass_on:
                timed.listener = None
            if ended.cancelled():
                meter.add_wait(since, perf_counter())
        if error is not None:
            raise error
