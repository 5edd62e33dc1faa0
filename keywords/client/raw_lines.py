"""Requests written line by line, for what no HTTP client sends."""

from __future__ import annotations

from datetime import timedelta

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http.exchange import Exchange
from keywords.engine.http.raw_request import send_raw_lines
from keywords.engine.openai.answer import shown
from keywords.run import target

_WITHIN = timedelta(seconds=5)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class RawLinesLibrary:
    """Write the bytes of a request as they are: two hosts, trailers, a head in two parts.

    ```robotframework
    ${exchange} =    Write Lines    GET /health HTTP/1.1    Host: qa    ${EMPTY}
    ```
    """

    @keyword
    def write_lines(self, *lines: str, cut_in: str = "", within: timedelta = _WITHIN) -> Exchange:
        """Write lines on a new connection, all of them, and read the first answer.

        Args:
            lines: each is ended by CR LF; an empty one ends the head. Nothing is added. In them, `{key}` stands for the
                key, and `{length}` for the length of the last line.
            cut_in: a text among them that is sent in two halves, a moment apart.
            within: limit of the whole exchange; longer on a busy machine.

        Returns:
            The exchange; one without an answer has the reason in its `failure`.

        ```robotframework
        ${exchange} =    Write Lines    GET /v1/models HTTP/1.1    Host: one    Host: two    ${EMPTY}
        Get Status    ${exchange}    ==    400
        ```
        """
        length, key = str(len(lines[-1].encode())), target.api_key() or "none"
        filled = [line.replace("{length}", length).replace("{key}", key) for line in lines[:-1]]
        exchange = send_raw_lines(
            target.client().base_url,
            [*filled, lines[-1]],
            cut_in=cut_in,
            limit_s=within.total_seconds(),
            observe=COLLECTOR.add,
        )
        outcome = exchange.failure if exchange.status is None else f"{exchange.status} {shown(exchange.body)}"
        logger.info(f"{exchange.method} {exchange.url} in {exchange.total_s:.3f} s: {outcome}")
        return exchange
