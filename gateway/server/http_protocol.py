"""uvicorn's HTTP protocol with limits on slow and oversized clients, and refusals in the format of the endpoint.

Without the limits, a client could hold a connection for ever with half a head, fill the memory with one endless header,
or keep a whole answer in the gateway's memory by not reading it.
"""

from __future__ import annotations

import re
import uuid
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from gateway.api.context import CONTEXT, RequestContext
from gateway.errors.base import GatewayError, InvalidRequest
from gateway.errors.http import HeadersTooLarge, RequestTimeout
from gateway.formats.endpoints import format_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import Message

# From a request's first byte, or from the connection's start, to the end of its headers.
HEAD_S = 30.0
HEAD_BYTES = 64 * 1024
# A client that reads not a byte of its answer for this long is disconnected.
STUCK_S = 30.0
# Headers that control the connection: uvicorn handles them.
_CONNECTION_HEADERS = frozenset({b"connection", b"transfer-encoding"})
_STATUSES_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
# A request's first line may name the host before the path (RFC 9112 §3.2.2).
_ORIGIN = re.compile(rb"^https?://[^/?#]*", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


class _Cycle(RequestResponseCycle):
    """One request's answer; it builds the head in a third of the time that uvicorn takes for our many headers.

    The head is written with the first part of the body: two small writes would cost one more wake-up on each side.
    """

    _head = b""
    # HTTP/1.0 has no chunks (RFC 9112 §6.1): a body without a length lasts until the connection closes.
    _until_close = False

    async def send(self, message: Message) -> None:  # type: ignore[override]  # uvicorn has its own types for the same
        """Write the head or a part of the body."""
        if message.get("more_body") and (body := message["body"]) and self.write_now(body):
            return
        is_writable = not (self.disconnected or self.response_complete or self.flow.write_paused)
        if is_writable and not self.response_started and self._start(message):
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
        await super().send(message)  # type: ignore[arg-type]  # see the signature

    def write_now(self, body: bytes) -> bool:
        """Write a part of the body, but not its last, if that needs no wait; return whether it was written."""
        if self.disconnected or self.response_complete or self.flow.write_paused or not self.chunked_encoding:
            return False
        self.transport.write(b"%b%x\r\n%b\r\n" % (self._head, len(body), body))
        self._head = b""
        return True

    def _start(self, message: Message) -> bool:
        """Build the head; return False if it has to be left to uvicorn.

        Raises:
            RuntimeError: a header holds a line end or a zero byte.
        """
        if message["type"] != "http.response.start":
            return False
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


class GatewayProtocol(HttpToolsProtocol):
    """One client's connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = b""
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._on_disconnect: set[Callable[[], object]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the time limit of the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers and report the disconnect."""
        _cancel(self._head_timer)
        _cancel(self._reader_timer)
        super().connection_lost(exc)
        for callback in tuple(self._on_disconnect):
            callback()

    def data_received(self, data: bytes) -> None:
        """Parse bytes of requests, within the limits of a head."""
        if self._in_head:
            self._head_bytes += len(data)
            data = _without_upgrade(data)
        super().data_received(data)
        if self._in_head and self._head_bytes and not self.transport.is_closing():
            if self._head_bytes > HEAD_BYTES:
                self._refuse(HeadersTooLarge(HEAD_BYTES))
            elif self._head_timer is None:
                self._await_head()

    def on_headers_complete(self) -> None:
        """Cancel the time limit of the head, and create the context of the request."""
        self._in_head = False
        self._head_bytes = 0
        _cancel(self._head_timer)
        self._head_timer = None
        self._context = RequestContext(on_disconnect=self._on_disconnect)
        self.scope[CONTEXT] = self._context  # type: ignore[literal-required]  # servers may add keys to the scope
        super().on_headers_complete()
        if self.cycle is not None:
            # uvicorn makes the cycle and offers no way to choose its class; its task has not begun yet.
            self.cycle.__class__ = _Cycle
            self._context.write_now = cast("_Cycle", self.cycle).write_now

    def on_message_complete(self) -> None:
        """Note the time of the request's last byte; the next bytes are another head."""
        self._in_head = True
        self._context.completed_at = perf_counter()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is not valid HTTP."""
        self._refuse(InvalidRequest(f"{msg} Send a well-formed HTTP/1.1 request."))

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not read."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Cancel the time limit: the client reads."""
        _cancel(self._reader_timer)
        super().resume_writing()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._on_late_head)

    def _on_late_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # It is the next request's head; the answer to this one is still under way.
            self._await_head()
        elif self._head_bytes:
            self._refuse(RequestTimeout("headers", HEAD_S))
        else:
            self.transport.close()

    def _watch_reader(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._reader_timer = self.loop.call_later(STUCK_S, self._check_reader, waiting)

    def _check_reader(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._watch_reader()
        else:
            self.transport.abort()

    def _path(self) -> str:
        """The path of the request, as far as its first line has arrived."""
        return unquote(_ORIGIN.sub(b"", self.url).partition(b"?")[0].decode("latin-1"))

    def _refuse(self, error: GatewayError) -> None:
        """Write an error below ASGI, where there is no complete request, and close the connection."""
        if self.pipeline or (self.cycle and self.cycle.response_started and not self.cycle.response_complete):
            # The error would stand in the middle of another answer.
            self.transport.close()
            return
        request_id = uuid.uuid4().hex
        client_format = format_of(self._path())
        status, body = client_format.error(error, request_id)
        headers = b"".join(b"%b: %b\r\n" % header for header in client_format.headers(request_id.encode()))
        length = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
        # uvicorn's table has every status, also those that the standard library does not know.
        self.transport.write(STATUS_LINE[status] + length + headers + b"connection: close\r\n\r\n" + body)
        self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """Rename the header `upgrade` in `data`, so that the parser treats the request as plain HTTP/1.1.

    Java's HTTP client offers HTTP/2 with that header in its first request, and the parser would skip the body. A server
    may ignore the offer (RFC 9110 §7.8).
    """
    if b"pgrade:" not in data and b"PGRADE:" not in data:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nx-upgrade:", head) + end + rest


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
