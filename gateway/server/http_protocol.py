"""uvicorn's HTTP protocol, with the bounds that it lacks and its own refusals in the shape of the endpoint's format.

Whoever connects can otherwise hold a connection for ever with half a head, fill the memory with one endless header, or
leave a whole answer lying in the gateway by not reading it.
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
# A client that takes not a byte of what waits for it for so long is as good as gone.
STUCK_S = 30.0
# Headers with a meaning for the connection.
_OWN = frozenset({b"connection", b"transfer-encoding"})
# Statuses of answers without a body.
_EMPTY = frozenset({204, 304})
# A request's first line may name the host before the path (RFC 9112 §3.2.2).
_ORIGIN = re.compile(rb"^https?://[^/?#]*", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


class _Cycle(RequestResponseCycle):
    """One request's answer; its head is put together in a third of the time that uvicorn takes for our many headers.

    The head waits for the first part of the body: two small writes cost the gateway and the client one wake-up more.
    """

    _head = b""
    # HTTP/1.0 knows no chunks (RFC 9112 §6.1): what has no length goes on until the connection ends.
    _until_close = False

    async def send(self, message: Message) -> None:  # type: ignore[override]  # uvicorn has its own names for the same
        """Write a head or a part of a body."""
        if message.get("more_body") and (body := message["body"]) and self.write_now(body):
            return
        plain = not (self.disconnected or self.response_complete or self.flow.write_paused)
        if plain and not self.response_started and self._start(message):
            return
        if self._until_close:
            # uvicorn counts what it writes.
            self.expected_content_length = len(message.get("body", b""))
        if head := self._head:
            self._head = b""
            if self.chunked_encoding:
                self.transport.write(head)
            else:
                # As above.
                self.expected_content_length += len(head)
                message = {**message, "body": head + message.get("body", b"")}
        await super().send(message)  # type: ignore[arg-type]  # as above

    def write_now(self, body: bytes) -> bool:
        """Write a part of a body, though not its last, if that needs no wait; whether it did."""
        if self.disconnected or self.response_complete or self.flow.write_paused or not self.chunked_encoding:
            return False
        self.transport.write(b"%b%x\r\n%b\r\n" % (self._head, len(body), body))
        self._head = b""
        return True

    def _start(self, message: Message) -> bool:
        """Put the head together, if it holds nothing that is uvicorn's own affair.

        Raises:
            RuntimeError: a header holds a line end or a zero byte.
        """
        if message["type"] != "http.response.start" or self.scope["method"] == "HEAD" or message["status"] in _EMPTY:
            return False
        length: int | None = None
        headers = [*self.default_headers, *message["headers"]]
        lines = [STATUS_LINE[message["status"]]]
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name in _OWN:
                return False
            lines += (name, b": ", value, b"\r\n")
        chunked = length is None and self.scope["http_version"] != "1.0"
        if chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        ends = len(headers) + chunked + (not self.keep_alive) + 2
        if (head.count(b"\r"), head.count(b"\n"), b"\0" in head) != (ends, ends, False):
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
        """The first request may now be awaited."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        _cancel(self._head_timer)
        _cancel(self._reader_timer)
        super().connection_lost(exc)
        for callback in tuple(self._on_disconnect):
            callback()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
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
        """The head has an end: it was in time, and small enough."""
        self._in_head = False
        self._head_bytes = 0
        _cancel(self._head_timer)
        self._head_timer = None
        self._context = RequestContext(on_disconnect=self._on_disconnect)
        self.scope[CONTEXT] = self._context  # type: ignore[literal-required]  # servers may add keys to the scope
        super().on_headers_complete()
        if self.cycle is not None:
            # uvicorn makes it and has no way to name its class; its task has not begun yet.
            self.cycle.__class__ = _Cycle
            self._context.write_now = cast("_Cycle", self.cycle).write_now

    def on_message_complete(self) -> None:
        """All of a request is here; what comes next is another head."""
        self._in_head = True
        self._context.completed_at = perf_counter()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(InvalidRequest(f"{msg} Send a well-formed HTTP/1.1 request."))

    def pause_writing(self) -> None:
        """More lies ready for the client than it takes."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client reads."""
        _cancel(self._reader_timer)
        super().resume_writing()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._head_is_late)

    def _head_is_late(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The next request's head, while this one's answer is under way.
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
        """Where the request goes, as far as its first line has come; empty if not even that is known."""
        return unquote(_ORIGIN.sub(b"", self.url).partition(b"?")[0].decode("latin-1"))

    def _refuse(self, error: GatewayError) -> None:
        """Answer below ASGI, where no request has come about, and close."""
        if self.pipeline or (self.cycle and self.cycle.response_started and not self.cycle.response_complete):
            # It would stand in the midst of another answer.
            self.transport.close()
            return
        request_id = uuid.uuid4().hex
        client_format = format_of(self._path())
        status, body = client_format.error(error, request_id)
        named = b"".join(b"%b: %b\r\n" % header for header in client_format.headers(request_id.encode()))
        head = (
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n"
            % (status, HTTPStatus(status).phrase.encode(), len(body), named)
        )
        self.transport.write(head + body)
        self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """`data` with the header `upgrade` out of sight, so that the request is taken as the plain one it is too.

    Java's HTTP client offers HTTP/2 that way with its first request, and the parser would leave out the body. A server
    may ignore the offer (RFC 9110 §7.8).
    """
    if b"pgrade:" not in data and b"PGRADE:" not in data:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nx-upgrade:", head) + end + rest


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
