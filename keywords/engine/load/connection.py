"""Connection of the load client: HTTP/1.1 on an asyncio protocol, with the time of each read.

The time is taken first of all when bytes come. No task is woken before the answer has ended, so a chunk costs its
parsing and little more.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httptools

from keywords.engine import clock
from keywords.engine.load.failures import Failure, describe

if TYPE_CHECKING:
    from keywords.engine.load.answer import LoadAnswer

HEAD_LIMIT = 256 * 1024
"""Bytes before the first or after the last byte of a body; a server's head has some hundred."""
ANSWER_LIMIT = 64 * 2**20
"""Bytes of one answer with its framing; a stream of 128,000 tokens has some 32 MB."""
_FIRST_FINAL = int(HTTPStatus.OK)
"""Lower statuses are interim answers."""
_APART_S = 50e-6
"""The reads of one turn of the event loop follow each other sooner, unless the machine takes the processor away."""
_SMALL = 4096
"""Bytes that are parsed in some microseconds; the usual read of a stream has a few hundred."""
_KEPT_HEADERS = frozenset(
    {b"content-type", b"content-encoding", b"location", b"x-request-id", b"x-gateway-backend"}
    | {b"content-length", b"transfer-encoding"}
)


class Inbox:
    """What all connections have read in this turn of the event loop, each with its time.

    It is parsed once every socket that was ready has been read: with a hundred streams in step, the last one would
    otherwise get its time after the parsing of 99 others. A small read that comes alone, or as the first of its turn,
    is parsed at once: that delays the next one by some microseconds, and spares a fifth of what a chunk costs.
    """

    def __init__(self) -> None:
        self._reads: list[tuple[float, Connection, bytes]] = []
        self._call_soon = asyncio.get_running_loop().call_soon
        self._busy_until = 0.0

    def add(self, at: float, connection: Connection, data: bytes) -> None:
        """Take one read: its time, its connection, and its bytes."""
        if self._reads:
            self._reads.append((at, connection, data))
        elif at - self._busy_until > _APART_S and len(data) <= _SMALL:
            connection.parse(at, data)
            # From the end of its parsing, so that a slow one does not let the next read of this turn be parsed at once.
            self._busy_until = clock.now()
        else:
            self._reads.append((at, connection, data))
            self._call_soon(self.parse)

    def parse(self) -> None:
        """Give each read to its connection."""
        if self._reads:
            reads, self._reads = self._reads, []
            for at, connection, data in reads:
                connection.parse(at, data)
            self._busy_until = clock.now()


class Connection(asyncio.Protocol):
    """One connection; it serves one request at a time.

    Args:
        inbox: where its reads go.
        direct: whether to hand bytes to the socket at once: uvloop would hold them to the end of the loop's turn.
    """

    def __init__(self, inbox: Inbox, *, direct: bool) -> None:
        self._inbox = inbox
        self._direct = direct
        self._transport: asyncio.Transport | None = None
        self._descriptor: int | None = None
        self._answer: LoadAnswer | None = None
        self._done: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        # For all answers: after a whole one it is ready for the next, and no connection outlives a broken one.
        self._parser: Any = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._at = 0.0
        self._bytes = self._bytes_without_body = 0
        self._has_read = False
        self._has_head = False
        self._is_complete = False
        self._keeps_alive = False

    @property
    def is_open(self) -> bool:
        """Whether it can take a request."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_answer_bytes(self) -> bool:
        """Whether anything of the last answer has come."""
        return self._bytes > 0

    def request(self, data: bytes, answer: LoadAnswer) -> asyncio.Future[None]:
        """Send a request; the future ends with its answer, or the answer's failure."""
        transport = self._transport
        assert transport is not None  # noqa: S101  # only an open connection takes requests
        self._answer = answer
        self._bytes = self._bytes_without_body = 0
        self._has_read = self._has_head = self._is_complete = self._keeps_alive = False
        self._done = done = self._loop.create_future()
        answer.sample.t_sent = clock.now()
        # A transport that closes has closed its descriptor, which may be another connection's by now.
        if self._descriptor is not None and not transport.is_closing():
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self._fail(_broke(error))
                return done
        if data:
            transport.write(data)
        return done

    def abort(self, failure: Failure | None = None) -> None:
        """Close the connection at once; a request under way ends with the failure."""
        self._inbox.parse()
        if self._done is not None and failure is not None:
            self._fail(failure)
        else:
            self._answer = self._done = None
            self._close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open."""
        self._transport = transport = cast("asyncio.Transport", transport)
        # So that `resume_writing` comes when the last byte is with the socket.
        transport.set_write_buffer_limits(high=0)
        if self._direct and transport.get_extra_info("ssl_object") is None:
            self._descriptor = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        """Note the time of a read."""
        at = clock.now()
        self._has_read = True
        self._inbox.add(at, self, data)

    def parse(self, at: float, data: bytes) -> None:
        """Parse what was read at a time."""
        self._at = at
        answer = self._answer
        if answer is None:
            # Nothing was asked: what comes is no answer.
            self._close()
            return
        self._bytes += len(data)
        self._bytes_without_body += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(Failure("malformed", "the server switches to another protocol"))
            return
        except httptools.HttpParserError as error:
            if not self._is_complete:
                self._fail(Failure("malformed", f"the answer is no HTTP: {error}: {describe(data)}"))
                return
            self._keeps_alive = False
        if self._is_complete:
            self._finish()
        elif answer.is_refused:
            self._fail(answer.failure)
        elif self._bytes_without_body > HEAD_LIMIT:
            self._fail(Failure("malformed", f"a head of more than {HEAD_LIMIT} bytes came, and no body"))
        elif self._bytes > ANSWER_LIMIT:
            self._fail(Failure("malformed", f"the answer is longer than {ANSWER_LIMIT} bytes"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request under way: whole, if its body ends with the connection."""
        self._inbox.parse()
        self._at = clock.now()
        self._transport = self._descriptor = None
        if self._answer is None:
            return
        if exc is None and self._has_head and not self._has_length():
            self._finish()
        else:
            self._fail(_broke(exc))

    def resume_writing(self) -> None:
        """Note when the last byte of a long request was handed over.

        Within one turn of the event loop, an answer may be read before this is called; then it would be too late.
        """
        if self._answer is not None and not self._has_read:
            self._answer.sample.t_sent = clock.now()

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin an answer; one after the whole answer was not asked for."""
        self._headers = {}
        if self._is_complete:
            self._keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header that is read later."""
        name = name.lower()
        if name in _KEPT_HEADERS and not self._has_head:
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        """Begin the body, unless this is an interim answer."""
        status = self._parser.get_status_code()
        if self._answer is not None and status >= _FIRST_FINAL and not self._is_complete:
            self._has_head = True
            self._answer.begin(status, self._headers)

    def on_body(self, data: bytes) -> None:
        """Read a part of the body."""
        answer = self._answer
        self._bytes_without_body = 0
        if answer is not None and not self._is_complete and not answer.is_refused:
            answer.take(data, self._at)

    def on_message_complete(self) -> None:
        """Note the end of the answer, unless it is an interim one."""
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self._keeps_alive = self._parser.should_keep_alive()

    def _has_length(self) -> bool:
        return b"content-length" in self._headers or b"chunked" in self._headers.get(b"transfer-encoding", b"").lower()

    def _finish(self) -> None:
        answer, self._answer = self._answer, None
        assert answer is not None  # noqa: S101  # callers have one
        answer.sample.t_done = self._at
        answer.finish()
        if not self._keeps_alive or (self._transport is not None and self._transport.get_write_buffer_size()):
            self._close()
        self._wake()

    def _fail(self, failure: Failure | None) -> None:
        answer, self._answer = self._answer, None
        assert answer is not None  # noqa: S101  # callers have one
        answer.sample.t_done = clock.now()
        # An earlier failure, such as an error event, says more than the end of the connection.
        answer.failure = answer.failure or failure
        answer.settle()
        self._close()
        self._wake()

    def _close(self) -> None:
        transport, self._transport, self._descriptor = self._transport, None, None
        if transport is not None:
            transport.abort()

    def _wake(self) -> None:
        done, self._done = self._done, None
        if done is not None and not done.done():
            done.set_result(None)


def _broke(error: Exception | None) -> Failure:
    if error is None:
        return Failure("cut", "the server closed the connection before the end of the answer")
    if isinstance(error, ssl.SSLError):
        return Failure("cut", f"the encrypted connection broke: {describe(error)}")
    return Failure("cut", f"the connection broke: {type(error).__name__}: {describe(error)}")
