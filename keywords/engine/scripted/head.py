"""HTTP/1.1 parser of requests that keeps their exact bytes, and writer of answers.

httptools does not serve here: it hides the bytes it has read, and is not for Windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_LIMIT = 1 << 20
"""Longest head, in bytes; a longer one is refused."""
LAST_CHUNK = b"0\r\n\r\n"
CHUNK_END = len(b"\r\n")
"""Bytes of framing after a chunk's data."""
_END = b"\r\n\r\n"
_PHRASES = {529: "Overloaded"}


class BadRequestError(Exception):
    """The bytes are no HTTP/1.1 request; the connection is unusable from here on."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its head and body, byte for byte (a chunked body without its framing)."""

    method: str
    path: str
    head: bytes = field(repr=False)
    body: bytes
    closes: bool


@dataclass(slots=True)
class RequestReader:
    """Splits the bytes of one connection into requests; pipelined ones queue up."""

    _buffer: bytes = b""
    _needed: int = 0

    def feed(self, data: bytes) -> None:
        """Append received bytes."""
        self._buffer = self._buffer + data if self._buffer else data

    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        end = self._buffer.find(_END)
        return end == len(self._buffer) - len(_END) and b"\r\nexpect: 100-continue" in self._buffer.lower()

    def next(self) -> Request | None:
        """The next complete request; None if there is none yet.

        Raises:
            BadRequestError: the bytes are no HTTP/1.1, or the head is too long.
        """
        buffer = self._buffer
        if len(buffer) < self._needed or not buffer:
            return None
        end = buffer.find(_END) + len(_END)
        if end < len(_END):
            if len(buffer) > HEAD_LIMIT:
                raise BadRequestError(f"The head is longer than {HEAD_LIMIT} bytes.")
            return None
        head = buffer[:end]
        lower = head.lower()
        if b"\r\ntransfer-encoding:" in lower:
            dechunked = _dechunk(buffer, end)
            if dechunked is None:
                return None
            body, stop = dechunked
        else:
            stop = end + _content_length(lower)
            if len(buffer) < stop:
                # A long body comes in many pieces: parse it only once.
                self._needed = stop
                return None
            body = buffer[end:stop]
        self._buffer, self._needed = buffer[stop:], 0
        try:
            method, path, version = head[: head.index(b"\r\n")].decode("latin-1").split(" ")
        except ValueError as error:
            raise BadRequestError("The request line is not of the form METHOD PATH VERSION.") from error
        closes = b"\r\nconnection: close\r\n" in lower or version == "HTTP/1.0"
        return Request(method, path, head, body, closes)


def answer_head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and the headers."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = _PHRASES.get(status, "Scripted")
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def http_chunk(data: bytes) -> bytes:
    """The framed form of one chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def plain_answer(status: int, body: bytes) -> bytes:
    """A complete JSON answer."""
    return answer_head(status, {"content-type": "application/json", "content-length": str(len(body))}) + body


def _content_length(lower: bytes) -> int:
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    start = at + len(b"\r\ncontent-length:")
    text = lower[start : lower.index(b"\r\n", start)].strip()
    if not text.isdigit():
        raise BadRequestError("content-length is no number.")
    return int(text)


def _dechunk(buffer: bytes, at: int) -> tuple[bytes, int] | None:
    """The body without its framing, and the offset of its end; None if it is incomplete."""
    parts: list[bytes] = []
    while (line_end := buffer.find(b"\r\n", at)) >= 0:
        try:
            size = int(buffer[at:line_end].split(b";")[0], 16)
        except ValueError as error:
            raise BadRequestError("The length of a chunk is no number.") from error
        at = line_end + 2
        if size == 0:
            # An empty line ends the trailers; without trailers it comes at once.
            end = at + 2 if buffer[at : at + 2] == b"\r\n" else buffer.find(_END, at) + len(_END)
            return (b"".join(parts), end) if at + 2 <= len(buffer) and end >= at + 2 else None
        if len(buffer) < at + size + 2:
            return None
        parts.append(buffer[at : at + size])
        at += size + 2
    return None
