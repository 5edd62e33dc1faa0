"""aiohttp's connections, with the time noted at which a backend's bytes were read.

A coroutine that waits for a backend wakes up later than its bytes came, by as long as the event loop is busy with other
requests. That delay is the gateway's own and must not count as waiting for the backend, so a wait ends here when the
bytes were read from the socket.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Self, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from gateway.meter import METER

if TYPE_CHECKING:
    from aiohttp.connector import Connection as PooledConnection


class _Protocol(ResponseHandler):
    arrived = 0.0

    def data_received(self, data: bytes) -> None:
        if data:
            self.arrived = perf_counter()
        super().data_received(data)


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
            METER.get().wait(began, perf_counter())


class TimedResponse(aiohttp.ClientResponse):
    """An answer whose waits count in the request's meter."""

    _timed: _Protocol

    async def start(self, connection: PooledConnection) -> Self:
        """Wait for the answer's head."""
        self._timed = cast("_Protocol", connection.protocol)
        began = perf_counter()
        try:
            await super().start(connection)
        except BaseException:
            METER.get().wait(began, perf_counter())
            raise
        METER.get().wait(began, self._timed.arrived)
        return self

    async def read(self) -> bytes:
        """The whole body."""
        began = perf_counter()
        try:
            body = await super().read()
        except BaseException:
            METER.get().wait(began, perf_counter())
            raise
        METER.get().wait(began, self._timed.arrived)
        return body

    def chunks(self) -> _Chunks:
        """The body as it comes from the socket."""
        return _Chunks(self.content, self._timed)


class _Chunks:
    def __init__(self, content: aiohttp.StreamReader, timed: _Protocol) -> None:
        self._content = content
        self._timed = timed
        self._meter = METER.get()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        began = perf_counter()
        try:
            data = await self._content.readany()
        except BaseException:
            self._meter.wait(began, perf_counter())
            raise
        if not data:
            # A closed connection brings no bytes whose arrival could be noted.
            self._meter.wait(began, perf_counter())
            raise StopAsyncIteration
        self._meter.wait(began, self._timed.arrived)
        return data
