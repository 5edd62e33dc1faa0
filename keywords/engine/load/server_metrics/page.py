"""Page of a server, read within limits of time and size that hold whatever the server sends."""

from __future__ import annotations

import http.client
import io
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from keywords.engine import clock

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from urllib.parse import SplitResult

LIMIT_S = 2.0
LONGEST = 16 * 2**20
"""Bytes of one answer with its head; a page of a gateway has some 100,000."""


class PageTooLongError(OSError):
    """The server sends more than a page has."""


def read_page(address: SplitResult, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Read one page and return its status and its body.

    Args:
        address: of the server; a path in it comes before the page's.
        path: of the page.
        headers: of the request.

    Raises:
        OSError: the server cannot be reached, or its answer takes longer than `LIMIT_S` or is longer than `LONGEST`.
        http.client.HTTPException: the answer is no HTTP.
        ValueError: a header or the path cannot be written in HTTP.
    """
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    until = clock.now() + LIMIT_S
    connection = kind(address.hostname or "", address.port, timeout=LIMIT_S)
    connection.connect()
    with closing(connection.sock) as plain:
        # A socket's own limit is one for each read, which a byte now and then never reaches.
        connection.sock = cast("socket.socket", _Limited(plain, until))
        connection.request("GET", address.path.rstrip("/") + path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()


class _Limited:
    """What `http.client` asks of a socket, within the limits."""

    def __init__(self, plain: socket.socket, until: float) -> None:
        self._plain = plain
        self._until = until
        self.sendall = plain.sendall

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._plain, self._until))

    def close(self) -> None:
        """The answer may still be read; whoever opened the socket closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, until: float) -> None:
        super().__init__()
        self._plain = plain
        self._until = until
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._until - clock.now()
        if left_s <= 0:
            raise TimeoutError
        self._plain.settimeout(left_s)
        count = self._plain.recv_into(buffer)
        self._read += count
        if self._read > LONGEST:
            raise PageTooLongError
        return count
