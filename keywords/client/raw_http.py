"""HTTP as clients other than ours write it: other forms, several requests on a connection, slow senders."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any, Literal

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.exchange import Exchange
from keywords.engine.http.raw_connection import RawConnection
from keywords.engine.http.raw_request import RawRequest, send_raw_requests
from keywords.engine.openai.answer import shown
from keywords.engine.openai.client import CHAT
from keywords.run import target
from keywords.run.arguments import header, json_or_text
from keywords.run.scopes import SCOPES

Form = Literal["plain", "chunked", "expect", "http/1.0"]
_WITHIN = timedelta(seconds=5)


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class RawHttpLibrary:
    """Write requests byte by byte, each on a new connection.

    The keywords return exchanges; one without an answer has the reason in its `failure`, and `Get Status` fails with
    it. `within` is the limit of a whole exchange; on a busy machine it is longer by the machine's slowdown.
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
            headers: `Name: value` each, written as they are. The key is added, unless one of them is `authorization`.
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
    def hold_slow_senders(self, count: int) -> None:
        """Open connections that send half of a request's head and then nothing, until the row ends.

        Raises:
            OSError: a connection was refused.

        ```robotframework
        Hold Slow Senders    8
        ```
        """
        for _ in range(count):
            connection = RawConnection(target.client().base_url, 60)
            SCOPES.remember(connection.close)
            connection.write(f"POST {CHAT} HTTP/1.1\r\nHost: {connection.host}\r\nContent-Le".encode())
        logger.info(f"{count} clients have sent half of their requests' heads, and wait")


def _with_key(headers: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [header(line) for line in headers]
    key = target.api_key()
    if key is None or any(name.lower() == "authorization" for name, _ in pairs):
        return pairs
    return [("Authorization", f"Bearer {key}"), *pairs]


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _sent(requests: list[RawRequest], within: timedelta, *, together: bool = False) -> list[Exchange]:
    url = target.client().base_url
    exchanges = send_raw_requests(url, requests, limit_s=within.total_seconds(), together=together)
    for exchange in exchanges:
        COLLECTOR.add(exchange)
        outcome = exchange.failure if exchange.status is None else f"{exchange.status} {shown(exchange.body)}"
        logger.info(f"{exchange.method} {exchange.url} in {exchange.total_s:.3f} s: {outcome}")
    return exchanges
