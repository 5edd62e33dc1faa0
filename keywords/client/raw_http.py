"""HTTP as clients other than ours write it: other forms, several requests on a connection, slow senders."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.authorization import authorization
from keywords.engine.http.exchange import Exchange, parse_json
from keywords.engine.http.raw_connection import RawConnection
from keywords.engine.http.raw_request import RawRequest, send_raw_requests
from keywords.engine.openai.answer import shown
from keywords.engine.openai.client import CHAT
from keywords.run import target
from keywords.run.arguments import header, json_or_text
from keywords.run.assertions import verify
from keywords.run.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

Form = Literal["plain", "chunked", "expect", "http/1.0"]
_WITHIN = timedelta(seconds=5)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda body: body,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class RawHttpLibrary:
    """Write requests byte by byte, each on a new connection.

    The keywords return exchanges; one without an answer has the reason in its `failure`, and `Get Status` fails with
    it. `within` is the limit of a whole exchange; it is longer on a busy machine.
    """

    @keyword
    def write_request(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        *headers: str,
        form: Form = "plain",
        within: timedelta = _WITHIN,
    ) -> Exchange:
        """Write one request, and read its answer.

        Args:
            method: the HTTP method.
            path: from the first slash.
            body: a text is sent as UTF-8.
            headers: `Name: value` each, written as they are. The key, or the user and password in the address, is
                added, unless one of them is `authorization`.
            form: `plain`; `chunked` for a body in chunks of seven bytes; `expect` to wait for `100 Continue` before the
                body; `http/1.0`.
            within: limit of the whole exchange.

        Returns:
            Status, headers, body, times. The body of an answer to HEAD is what came after its headers.

        ```robotframework
        ${exchange} =    Write Request    HEAD    /v1/models
        Get Body    ${exchange}    ==    ${EMPTY}
        ```
        """
        request = RawRequest(method, path, _with_key(headers), _bytes(body), form)
        return _sent([request], within)[0]

    @keyword
    def write_requests(self, *paths: str, together: bool = False, within: timedelta = _WITHIN) -> list[Exchange]:
        """Send GET requests on one connection.

        Args:
            paths: from the first slash, in their order.
            together: write all of them before the first answer is read.
            within: limit of all of them.

        Returns:
            One exchange for each path.

        ```robotframework
        ${exchanges} =    Write Requests    /v1/models    /health
        Get Status    ${exchanges}[1]    ==    200
        ```
        """
        requests = [RawRequest("GET", path, _with_key(()), keep=True) for path in paths]
        return _sent(requests, within, together=together)

    @keyword
    def chat_body(self, prompt: str = "Say hello.", **fields: Any) -> str:
        """The body of a chat request as JSON, with an answer of one token unless a field says otherwise.

        ```robotframework
        ${body} =    Chat Body    Say hello.
        ```
        """
        given: dict[str, Any] = {name: json_or_text(value) for name, value in fields.items()}
        return json.dumps(target.client().request(prompt, **{"max_tokens": 1, **given}))

    @keyword
    def text_of_words(self, count: int) -> str:
        """A text of that many words of four letters.

        ```robotframework
        ${text} =    Text Of Words    1000
        ```
        """
        return "word " * count

    @keyword
    def compressed(self, body: str) -> bytes:
        """A body, compressed by gzip.

        ```robotframework
        ${packed} =    Compressed    {}
        ```
        """
        return gzip.compress(body.encode())

    @keyword
    def header_should_not_come(self, exchange: Exchange, name: str) -> None:
        """Verify that an answer has no header of a name.

        Raises:
            AssertionError: it has one.

        ```robotframework
        ${exchange} =    Write Request    GET    /v1/models
        Header Should Not Come    ${exchange}    content-encoding
        ```
        """
        value = exchange.response_headers.get(name.lower())
        if value is not None:
            raise AssertionError(
                f"The answer to {exchange.method} {exchange.url} should have no header {name}, but it is {value!r}"
            )

    @keyword
    def answer_should_be_readable_as_declared(self, exchange: Exchange) -> None:
        """Verify that a body is JSON once it is decoded as its `content-encoding` says: gzip, deflate or none.

        Raises:
            AssertionError: it is not, or it is encoded in another way.

        ```robotframework
        ${exchange} =    Write Request    GET    /v1/models    ${EMPTY}    Accept-Encoding: gzip
        Answer Should Be Readable As Declared    ${exchange}
        ```
        """
        encoding = exchange.response_headers.get("content-encoding", "identity")
        decode = _DECODERS.get(encoding)
        if decode is None:
            raise AssertionError(f"The answer's content-encoding is {encoding!r}, which no client offered to read")
        try:
            parse_json(decode(exchange.body))
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise AssertionError(
                f"The answer, decoded as its content-encoding {encoding!r} says, should be JSON, but {error}: "
                f"{shown(exchange.body)}"
            ) from error

    @keyword
    def connection_should_be_kept_or_its_end_announced(self, *exchanges: Exchange) -> None:
        """Verify that each request on one connection was answered, up to an answer with `Connection: close`.

        Args:
            exchanges: from [Write Requests].

        Raises:
            AssertionError: a request was not answered, and no answer before it had announced the end.

        ```robotframework
        ${exchanges} =    Write Requests    /v1/models    /v1/models
        Connection Should Be Kept Or Its End Announced    @{exchanges}
        ```
        """
        for number, exchange in enumerate(exchanges, start=1):
            if exchange.status is None:
                raise AssertionError(
                    f"Request {number} of {len(exchanges)} on one connection, {exchange.method} {exchange.url}, should "
                    f"be answered, since no answer before it said 'Connection: close', but {exchange.failure}"
                )
            if exchange.response_headers.get("connection", "").lower() == "close":
                logger.info(f"The server announced the end of the connection with answer {number}")
                return

    @keyword
    def hold_slow_senders(self, count: int) -> list[RawConnection]:
        """Open connections that send half of a request's head and then nothing, until the row ends.

        Returns:
            The connections, for [Get Number Of Open Connections].

        Raises:
            OSError: a connection was refused.

        ```robotframework
        Hold Slow Senders    8
        ```
        """
        connections = []
        for _ in range(count):
            connection = RawConnection(target.client().base_url, 60)
            SCOPES.remember(connection.close)
            connection.write(f"POST {CHAT} HTTP/1.1\r\nHost: {connection.host}\r\nContent-Le".encode())
            connections.append(connection)
        logger.info(f"{count} clients have sent half of their requests' heads, and wait")
        return connections

    @keyword
    def get_number_of_open_connections(
        self,
        connections: list[RawConnection],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of connections that the server has not ended.

        Args:
            connections: from [Hold Slow Senders], to an address without TLS.
            assertion_operator: how to compare; without it the number is only returned.
            assertion_expected: a number.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        ${held} =    Hold Slow Senders    8
        Get Number Of Open Connections    ${held}    ==    8
        ```
        """
        count = sum(connection.is_open() for connection in connections)
        return verify(count, assertion_operator, assertion_expected, "Number of open connections", message)


def _with_key(headers: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [header(line) for line in headers]
    value = authorization(target.client().base_url, target.api_key())
    if value is None or any(name.lower() == "authorization" for name, _ in pairs):
        return pairs
    return [("Authorization", value), *pairs]


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _sent(requests: list[RawRequest], within: timedelta, *, together: bool = False) -> list[Exchange]:
    url = target.client().base_url
    limit_s = within.total_seconds()
    exchanges = send_raw_requests(url, requests, limit_s=limit_s, together=together, observe=COLLECTOR.add)
    for exchange in exchanges:
        outcome = exchange.failure if exchange.status is None else f"{exchange.status} {shown(exchange.body)}"
        logger.info(f"{exchange.method} {exchange.url} in {exchange.total_s:.3f} s: {outcome}")
    return exchanges
