"""Connection whose requests are written byte by byte, for what an ordinary HTTP client never sends or hides."""

from __future__ import annotations

import select
import socket
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from keywords.engine.machine import Deadline

if TYPE_CHECKING:
    from types import TracebackType

_READ_BYTES = 65536
_WRITE_BYTES = 65536
_HEAD_BYTES = 2**20
_HEAD_END = b"\r\n\r\n"
_WITHOUT_BODY = frozenset({HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class BrokenAnswerError(Exception):
    """No answer came, or not all of it; the message says what came instead."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One answer as it was written.

    Attributes:
        version: the protocol of the status line, such as `HTTP/1.1`.
        status: the status; 100 for an interim answer that was waited for.
        headers: names in lower case, in their order.
        body: taken out of its framing.
    """

    version: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The values of a header, joined with commas; None if there is none."""
        values = [value for each, value in self.headers if each == name]
        return ", ".join(values) if values else None


class RawConnection:
    """One connection to a server, with TLS where its address is `https`.

    Args:
        base_url: the server's address; a path in it is ignored.
        limit_s: seconds from now for all that happens on the connection; longer on a busy machine.

    Raises:
        OSError: the server cannot be reached.
    """

    def __init__(self, base_url: str, limit_s: float) -> None:
        address = urlsplit(base_url)
        self.host = address.netloc.rpartition("@")[2]
        self._deadline = Deadline(limit_s)
        self._encrypted = address.scheme == "https"
        port = address.port or (443 if self._encrypted else 80)
        self._socket: socket.socket = socket.create_connection((address.hostname or "", port), timeout=limit_s)
        if self._encrypted:
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=address.hostname)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> Self:
        """Give the connection; leaving closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def is_open(self) -> bool:
        """Whether the server keeps the connection open; only for a connection without TLS."""
        while select.select([self._socket], [], [], 0)[0]:
            try:
                if not self._fill("the connection was not read"):
                    return False
            except BrokenAnswerError:
                return False
        return True

    def write(self, data: bytes) -> None:
        """Write bytes; stop early when the server answers or closes before it has read them all."""
        for start in range(0, len(data), _WRITE_BYTES):
            # A session ticket makes an encrypted connection readable too.
            if start and not self._encrypted and select.select([self._socket], [], [], 0)[0]:
                return
            try:
                self._socket.settimeout(max(self._deadline.left_s(), 0.001))
                self._socket.sendall(data[start : start + _WRITE_BYTES])
            except OSError:
                return  # the answer, or its absence, tells more

    def write_all(self, data: bytes) -> None:
        """Write all bytes, as clients do that read only afterwards.

        Raises:
            BrokenAnswerError: the server ended the connection before it had read them all.
        """
        try:
            self._socket.settimeout(max(self._deadline.left_s(), 0.001))
            self._socket.sendall(data)
        except OSError as error:
            raise BrokenAnswerError(f"the connection broke while it was written to: {type(error).__name__}") from error

    def read_answer(self, method: str = "GET", *, interim: bool = False) -> RawAnswer:
        """Read the next answer.

        Args:
            method: method of its request; the answer to a HEAD has no body.
            interim: whether 100 Continue counts as an answer, without a body; else it is passed over.

        Raises:
            BrokenAnswerError: the answer did not come, is no HTTP, or broke off.
        """
        while True:
            head = self._until(_HEAD_END)
            answer = _parse_head(head)
            if answer.status == HTTPStatus.CONTINUE and interim:
                return answer
            if answer.status >= HTTPStatus.OK or answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
                break
        if method == "HEAD" or answer.status in _WITHOUT_BODY:
            return answer
        return RawAnswer(answer.version, answer.status, answer.headers, self._body(answer))

    def read_rest(self) -> bytes:
        """Read until the server closes the connection.

        Raises:
            BrokenAnswerError: it did not close it in time; the message shows what came.
        """
        while self._fill("the server kept the connection open"):
            pass
        rest, self._received = self._received, b""
        return rest

    def _body(self, answer: RawAnswer) -> bytes:
        if (answer.header("transfer-encoding") or "").lower().endswith("chunked"):
            return self._chunked_body()
        length = answer.header("content-length")
        if length is None:
            return self.read_rest()
        if not length.isdecimal():
            raise BrokenAnswerError(f"the answer's content-length is {length!r}, not one number")
        return self._take(int(length))

    def _chunked_body(self) -> bytes:
        body = b""
        while True:
            line = self._until(b"\r\n").partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise BrokenAnswerError(f"a chunk of the answer has the size {line[:40]!r}") from None
            if size == 0:
                while self._until(b"\r\n") != b"\r\n":
                    pass  # trailers
                return body
            body += self._take(size)
            self._take(2)

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            if len(self._received) > _HEAD_BYTES:
                raise BrokenAnswerError(f"{len(self._received)} bytes came without the end of a line or head")
            if not self._fill("the answer was not complete"):
                raise BrokenAnswerError(f"the server closed the connection {self._after()}")
        data, _, self._received = self._received.partition(end)
        return data + end

    def _take(self, count: int) -> bytes:
        while len(self._received) < count:
            if not self._fill("the answer was not complete"):
                raise BrokenAnswerError(f"the server closed the connection {self._after()} of {count} bytes of body")
        data, self._received = self._received[:count], self._received[count:]
        return data

    def _after(self) -> str:
        return f"after {self._received[-200:]!r}" if self._received else "without an answer"

    def _fill(self, otherwise: str) -> bool:
        """Read once; whether the connection is still open."""
        while True:
            left_s = self._deadline.left_s()
            if left_s <= 0:
                limit = f"{self._deadline.limit_s:.3g} s"
                came = f"; so far: {self._received[-200:]!r}" if self._received else "; nothing came"
                raise BrokenAnswerError(f"{otherwise} within {limit}{came}")
            try:
                self._socket.settimeout(left_s)
                data = self._socket.recv(_READ_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                raise BrokenAnswerError(f"the connection broke {self._after()}: {type(error).__name__}") from error
            self._received += data
            return bool(data)


def _parse_head(head: bytes) -> RawAnswer:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    version, _, rest = first.partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/") or not status.isdecimal():
        raise BrokenAnswerError(f"the answer begins with {first[:200]!r}, which is no status line")
    pairs: list[Any] = [line.partition(":") for line in lines]
    return RawAnswer(version, int(status), [(name.strip().lower(), value.strip()) for name, _, value in pairs])
