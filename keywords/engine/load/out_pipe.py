"""Pipe to the parent that never makes the event loop wait, however slowly the parent reads.

Linux, macOS: the event loop's own. Windows: a thread, because its event loop cannot write to a pipe that it inherited.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from contextlib import suppress
from typing import IO, Protocol


class OutPipe(Protocol):
    """One end of a pipe."""

    def write(self, data: bytes) -> None:
        """Send bytes, in the order of the calls."""

    async def close(self) -> None:
        """Wait until all is with the parent, and close."""


async def open_pipe(stream: IO[bytes]) -> OutPipe:
    """Open a pipe within a running loop."""
    if sys.platform == "win32":
        return ThreadPipe(stream)
    transport, protocol = await asyncio.get_running_loop().connect_write_pipe(_Closing, stream)
    return _LoopPipe(transport, protocol)


class _Closing(asyncio.BaseProtocol):
    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # as asyncio calls it
        self.closed.set_result(None)


class _LoopPipe:
    def __init__(self, transport: asyncio.WriteTransport, protocol: _Closing) -> None:
        self.write = transport.write
        self._transport = transport
        self._protocol = protocol

    async def close(self) -> None:
        self._transport.close()
        await self._protocol.closed


class ThreadPipe:
    """Writes in a thread of its own.

    Args:
        stream: what it writes to.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="out-pipe", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Send bytes, in the order of the calls."""
        self._waiting.put(data)

    async def close(self) -> None:
        """Wait until all is with the parent, and close."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _write_all(self) -> None:
        with suppress(BrokenPipeError), self._stream:  # the parent is gone
            while (data := self._waiting.get()) is not None:
                self._stream.write(data)
                self._stream.flush()
