"""Requests in unusual forms of HTTP, each on a connection of its own, recorded like all others."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import httpx2

from keywords.engine import clock
from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.http.raw_connection import BrokenAnswerError, RawAnswer, RawConnection
from keywords.engine.http.recorder import describe, masked
from keywords.engine.redaction.addresses import without_credentials
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.http.exchange import Observer

_CHUNK_BYTES = 7
_CONTINUE = 100
_SHOWN_BYTES = 65536
_MOMENT_S = 0.05
_FORM_HEADERS = {"chunked": [("Transfer-Encoding", "chunked")], "expect": [("Expect", "100-continue")]}


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request and the form in which it is written.

    Attributes:
        method: the HTTP method.
        path: from the first slash.
        headers: written as they are; `Host`, `Connection` and the length of the body are added.
        body: the bytes of the body.
        form: `plain`; `chunked` sends the body in chunks of seven bytes; `expect` waits for `100 Continue` before the
            body; `http/1.0` names the older version.
        keep: whether the connection shall stay open.
    """

    method: str
    path: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
    form: Literal["plain", "chunked", "expect", "http/1.0"] = "plain"
    keep: bool = False

    @property
    def form_headers(self) -> list[tuple[str, str]]:
        """The headers that the form adds."""
        return _FORM_HEADERS.get(self.form, [])

    def head(self, host: str) -> bytes:
        """The request line and the headers."""
        version = "1.0" if self.form == "http/1.0" else "1.1"
        pairs = [("Host", host), *self.headers]
        if not self.keep:
            pairs.append(("Connection", "close"))
        pairs += self.form_headers
        if self.form != "chunked" and (self.body or self.method in {"POST", "PUT"}):
            pairs.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.path} HTTP/{version}", *(f"{name}: {value}" for name, value in pairs)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def framed_body(self) -> bytes:
        """The body as it is written."""
        if self.form != "chunked":
            return self.body
        pieces = [self.body[start : start + _CHUNK_BYTES] for start in range(0, len(self.body), _CHUNK_BYTES)]
        return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def send_raw_requests(
    base_url: str,
    requests: Sequence[RawRequest],
    *,
    limit_s: float,
    together: bool = False,
    observe: Observer = lambda _: None,
) -> list[Exchange]:
    """Send requests on one new connection and record the answers; a failure is recorded, not raised.

    Args:
        base_url: the server's address without a path.
        requests: in their order; after a failure, the rest is not sent.
        limit_s: for all of them together.
        together: write all requests before the first answer is read.
        observe: called with each exchange before the first request is sent.

    Returns:
        One exchange for each request. After a HEAD on a connection that is not kept, the body is what came until the
        server closed it.
    """
    exchanges = [_begun(base_url, request) for request in requests]
    for exchange in exchanges:
        observe(exchange)
    try:
        with RawConnection(base_url, limit_s) as connection:
            _send(connection, requests, exchanges, together=together)
    except OSError as error:
        _break_off(exchanges, f"the server cannot be reached: {error}")
    except BaseException as error:  # also a row's time limit and Ctrl-C
        _break_off(exchanges, describe(error))
        raise
    return exchanges


def send_raw_lines(
    base_url: str, lines: Sequence[str], *, cut_in: str, limit_s: float, observe: Observer = lambda _: None
) -> Exchange:
    """Write lines as they are on one new connection and record the first answer; a failure is recorded, not raised.

    All is written before the answer is read, as most clients do.

    Args:
        base_url: the server's address without a path.
        lines: in Latin-1; each is ended by CR LF.
        cut_in: a text that is written in two halves, a moment apart; empty for none.
        limit_s: for all of it.
        observe: called with the exchange before the first byte is written.
    """
    method, path = [*lines[0].split(" "), ""][:2]
    data = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    request = RawRequest(method, path, body=SECRETS.redact(data)[:_SHOWN_BYTES])
    exchange = _begun(base_url, request)
    observe(exchange)
    before, middle, after = data.partition(cut_in.encode("latin-1")) if cut_in else (data, b"", b"")
    half = len(middle) // 2
    try:
        with RawConnection(base_url, limit_s) as connection:
            connection.write_all(before + middle[:half])
            if middle:
                time.sleep(_MOMENT_S)
                connection.write_all(middle[half:] + after)
            _record(exchange, connection.read_answer(method), b"")
    except (BrokenAnswerError, OSError) as error:
        _break_off([exchange], str(error))
    return exchange


def _begun(base_url: str, request: RawRequest) -> Exchange:
    return Exchange(
        method=request.method,
        url=f"{without_credentials(base_url)}{request.path}",
        request_headers=masked(httpx2.Headers([*request.headers, *request.form_headers])),
        request_body=request.body,
        started_at=time.time(),
        sent_at=clock.now(),
        under_way=True,
    )


def _send(
    connection: RawConnection, requests: Sequence[RawRequest], exchanges: list[Exchange], *, together: bool
) -> None:
    if together:
        connection.write(b"".join(each.head(connection.host) + each.framed_body() for each in requests))
    for number, (request, exchange) in enumerate(zip(requests, exchanges, strict=True)):
        exchange.sent_at = clock.now()
        try:
            answer, rest = _answer(connection, request, written=together)
        except BrokenAnswerError as error:
            _break_off([exchange], str(error))
            _break_off(exchanges[number:], str(error) if together else f"not sent: before it, {error}")
            return
        _record(exchange, answer, rest)


def _break_off(exchanges: list[Exchange], failure: str) -> None:
    """End all exchanges that are under way."""
    for exchange in exchanges:
        if exchange.under_way:
            exchange.total_s = clock.now() - exchange.sent_at
            exchange.failure = failure
            exchange.under_way = False


def _answer(connection: RawConnection, request: RawRequest, *, written: bool) -> tuple[RawAnswer, bytes]:
    if not written:
        connection.write(request.head(connection.host))
        if request.form == "expect":
            first = connection.read_answer(request.method, interim=True)
            if first.status != _CONTINUE:
                return first, b""
        connection.write(request.framed_body())
    answer = connection.read_answer(request.method)
    rest = b""
    if request.method == "HEAD" and not request.keep:
        with suppress(BrokenAnswerError):  # a connection that stays open has no rest
            rest = connection.read_rest()
    return answer, rest


def _record(exchange: Exchange, answer: RawAnswer, rest: bytes) -> None:
    exchange.total_s = exchange.headers_s = clock.now() - exchange.sent_at
    exchange.under_way = False
    exchange.status = answer.status
    exchange.response_headers = {name: answer.header(name) or "" for name, _ in answer.headers}
    body = answer.body + rest
    exchange.chunks = [Chunk(exchange.total_s, body)] if body else []
