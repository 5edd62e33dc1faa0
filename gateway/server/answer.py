"""One request's answer on the socket."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.api.context import CONTEXT
from gateway.server.lingering import KEPT_BYTES

if TYPE_CHECKING:
    from starlette.types import Message

# Headers that control the connection: uvicorn handles them.
_CONNECTION_HEADERS = frozenset({b"connection", b"transfer-encoding"})
_STATUSES_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Answer(RequestResponseCycle):
    """One request's answer; it builds the head in a third of the time that uvicorn takes for our many headers.

    The head is written with the first part of the body: two small writes would cost one more wake-up on each side.

    Attributes:
        closes: whether the connection ends with this answer, which has been written; the protocol ends it.
    """

    closes = False

    _head = b""
    # HTTP/1.0 has no chunks (RFC 9112 §6.1): a body without a length lasts until the connection closes.
    _until_close = False

    @property
    def is_without_key(self) -> bool:
        """Whether an answer is under way to a request whose key, if it has one, is not known."""
        return self.scope is not None and not hasattr(self.scope[CONTEXT], "key")  # type: ignore[literal-required]  # the gateway's own key

    def clear(self) -> None:
        """Let go of the request when its answer is written; the connection keeps this object until its next request."""
        self.body = bytearray()
        self.scope = None  # type: ignore[assignment]  # not read after this

    def disconnect(self) -> None:
        """Write no more; the application learns that its client is gone."""
        self.disconnected = True
        self.message_event.set()

    async def send(self, message: Message) -> None:  # type: ignore[override]  # uvicorn has its own types for the same
        """Write the head or a part of the body."""
        if message.get("more_body") and (body := message["body"]) and self.write_now(body):
            return
        is_writable = not (self.disconnected or self.response_complete or self.flow.write_paused)
        if is_writable and not self.response_started and self._start(message):
            return
        if is_writable and self._head and self._write_whole(message):
            return
        if self._until_close:
            # uvicorn subtracts the bytes it writes from this, and refuses too many.
            self.expected_content_length = len(message.get("body", b""))
        if head := self._head:
            self._head = b""
            if self.chunked_encoding:
                self.transport.write(head)
            else:
                # uvicorn takes the head for a part of the body.
                self.expected_content_length += len(head)
                message = {**message, "body": head + message.get("body", b"")}
        if not (self.keep_alive or message.get("more_body")) and self.response_started:
            # uvicorn would close at once, while the client may still be writing.
            self.keep_alive = self.closes = True
        await super().send(message)  # type: ignore[arg-type]  # see the signature

    def write_now(self, body: bytes) -> bool:
        """Write a part of the body, but not its last, if that needs no wait; return whether it was written."""
        if self.disconnected or self.response_complete or self.flow.write_paused or not self.chunked_encoding:
            return False
        self.transport.write(b"%b%x\r\n%b\r\n" % (self._head, len(body), body))
        self._head = b""
        return True

    def _write_whole(self, message: Message) -> bool:
        """Write the head and the whole body at once, as most answers are sent; return False if there is more to it."""
        if self.chunked_encoding or not self.keep_alive or self._until_close or message.get("more_body"):
            return False
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) != self.expected_content_length:
            return False
        self.transport.write(self._head + body)
        self._head = b""
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        self.on_response()
        return True

    def _is_rest_short(self) -> bool:
        """Whether what the client is still writing is worth the wait for its end."""
        length = next((value for name, value in self.scope["headers"] if name == b"content-length"), b"")
        return length.isdigit() and int(length) <= KEPT_BYTES

    def _start(self, message: Message) -> bool:
        """Build the head; return False if it has to be left to uvicorn.

        Raises:
            RuntimeError: a header holds a line end or a zero byte.
        """
        if message["type"] != "http.response.start":
            return False
        if self.more_body and (self.waiting_for_100_continue or not self._is_rest_short()):
            self.keep_alive = False
        if self.scope["method"] == "HEAD" or message["status"] in _STATUSES_WITHOUT_BODY:
            return False
        length: int | None = None
        headers = [*self.default_headers, *message["headers"]]
        lines = [STATUS_LINE[message["status"]]]
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name in _CONNECTION_HEADERS:
                return False
            lines += (name, b": ", value, b"\r\n")
        chunked = length is None and self.scope["http_version"] != "1.0"
        if chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        line_ends = len(headers) + chunked + (not self.keep_alive) + 2
        if (head.count(b"\r"), head.count(b"\n"), b"\0" in head) != (line_ends, line_ends, False):
            raise RuntimeError("A header of an answer holds a line end or a zero byte.")
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = chunked
        self._until_close = length is None and not chunked
        self.expected_content_length = length or 0
        self._head = head
        return True
