"""The listening socket of a scripted backend, which can also stop answering connection attempts at all.

Linux, macOS: any event loop can watch it. Windows: only asyncio's selector loop can, which `child` chooses there.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from keywords.engine.scripted.server import Connection

if TYPE_CHECKING:
    from keywords.engine.scripted.server import Stage

_BACKLOG = 1024
_ACCEPTS_PER_TURN = 64


class Listener:
    """Accepts connections; create it within a running loop.

    Args:
        stage: state that the connections share.
        port: on 127.0.0.1; 0 takes a free one.

    Attributes:
        url: address without a path.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, stage: Stage, port: int) -> None:
        self._stage = stage
        self._loop = asyncio.get_running_loop()
        self._socket = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        self._socket.settimeout(0)
        self._fillers: list[socket.socket] = []
        self._starting: set[asyncio.Task[object]] = set()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Release the port and reset every connection."""
        self.drop_connections()
        self._loop.remove_reader(self._socket)
        self._empty_queue()
        self._socket.close()

    def drop_connections(self) -> None:
        """Reset every connection, busy ones too."""
        for connection in list(self._stage.connections):
            connection.drop()

    def ignore_connections(self) -> None:
        """Reset every connection and let new attempts time out: fill the kernel's accept queue (Linux)."""
        if self._fillers:
            return
        self.drop_connections()
        self._loop.remove_reader(self._socket)
        # A queue of length 0 holds one connection; the kernel drops all others.
        self._socket.listen(0)
        self._fillers = [socket.create_connection(self._socket.getsockname(), timeout=1)]

    def accept_connections(self) -> None:
        """Accept connections again."""
        if self._fillers:
            self._empty_queue()
            self._socket.listen(_BACKLOG)
            self._loop.add_reader(self._socket, self._accept)

    def _empty_queue(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            for _ in range(_ACCEPTS_PER_TURN):
                accepted, _address = self._socket.accept()
                accepted.settimeout(0)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                starting = self._loop.create_task(
                    self._loop.connect_accepted_socket(lambda: Connection(self._stage), accepted)
                )
                self._starting.add(starting)
                starting.add_done_callback(self._starting.discard)
