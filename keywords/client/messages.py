"""Raw exchanges in Anthropic's Messages format, for what the `anthropic` package cannot send or show."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.anthropic import conformance
from keywords.engine.anthropic.messages import MESSAGES, StreamedMessage, read_stream
from keywords.engine.http.exchange import Exchange
from keywords.engine.openai.answer import shown
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Headers, json_or_text, without_none
from keywords.run.assertions import verify, verify_no_defects

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPlace = Literal["authorization", "x-api-key", "none"]


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class MessagesLibrary:
    """Ask in the format of Anthropic's Messages, and check the answers against it.

    ```robotframework
    ${exchange} =    Send Message    Hello.
    Body Should Be A Message    ${exchange}
    ${stream} =    Stream Message    Hello.
    Message Stream Should Be In Order    ${stream}
    ```
    """

    @keyword
    def send_message(
        self,
        prompt: str = "Hello.",
        *,
        headers: Headers = None,
        key_in: KeyPlace = "authorization",
        **fields: Any,
    ) -> Exchange:
        """Post a Messages request whose fields may be wrong.

        Args:
            prompt: the user's turn.
            headers: further headers.
            key_in: the header that carries the gateway's key: `authorization`, `x-api-key`, or `none`.
            fields: fields of the request, which override `model`, `max_tokens` and `messages`; a text that is JSON is
                taken as JSON, and null leaves a field out.

        Returns:
            Status, headers, body, times.

        ```robotframework
        ${refusal} =    Send Message    max_tokens=-1
        ${refusal} =    Send Message    headers=anthropic-version: 2023-01-01
        ```
        """
        return _post(prompt, headers or {}, fields, key_in)

    @keyword
    def stream_message(self, prompt: str = "Hello.", **fields: Any) -> StreamedMessage:
        """Post a Messages request for a stream and read it to its end, broken or not.

        Args:
            prompt: the user's turn.
            fields: as for [Send Message].

        Raises:
            AssertionError: the answer is no stream.

        ```robotframework
        ${stream} =    Stream Message    Hello.    model=ollama
        ```
        """
        exchange = _post(prompt, {}, {"stream": True, **fields})
        if exchange.status != HTTPStatus.OK:
            raise AssertionError(f"No stream came, but {exchange.status}: {exchange.body.decode(errors='replace')}")
        stream = read_stream(exchange)
        logger.info(repr(stream))
        return stream

    @keyword
    def body_should_be_a_message(self, exchange: Exchange) -> None:
        """Verify that the body is a complete `message` object.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        Body Should Be A Message    ${exchange}
        ```
        """
        try:
            body = exchange.json()
        except ValueError as error:
            raise AssertionError(f"No message: the body is not JSON: {shown(exchange.body)}") from error
        verify_no_defects("No message", conformance.message_defects(body))

    @keyword
    def message_stream_should_be_in_order(self, stream: StreamedMessage) -> None:
        """Verify a stream that ran to its end: the order and names of its events, its blocks and its counts.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        Message Stream Should Be In Order    ${stream}
        ```
        """
        verify_no_defects("Not in Anthropic's order", conformance.stream_defects(stream))

    @keyword
    def message_stream_should_say_that_it_broke_off(self, stream: StreamedMessage) -> None:
        """Verify the stream of a failed backend: one error event at its end, and no stop reason.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        Message Stream Should Say That It Broke Off    ${stream}
        ```
        """
        verify_no_defects("Not an honest end of a broken stream", conformance.broken_stream_defects(stream))

    @keyword
    def error_should_be_an_anthropic_error(self, exchange: Exchange) -> None:
        """Verify an error answer: Anthropic's shape, the type that belongs to the status, the request's id.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        Error Should Be An Anthropic Error    ${refusal}
        ```
        """
        verify_no_defects("Not Anthropic's error", conformance.error_defects(exchange))

    @keyword
    def get_message_text(
        self,
        stream: StreamedMessage,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The text of a streamed message, all blocks joined.

        ```robotframework
        Get Message Text    ${stream}    ==    One two three four.
        ```
        """
        return verify(stream.text, assertion_operator, assertion_expected, "The text of the message", message)


def _post(
    prompt: str, headers: Mapping[str, str], fields: dict[str, Any], key_in: KeyPlace = "authorization"
) -> Exchange:
    client = target.client()
    body = {"model": client.model, "max_tokens": 32, "messages": [{"role": "user", "content": prompt}]}
    body |= {name: json_or_text(value) for name, value in fields.items()}
    data = json.dumps(without_none(body)).encode()
    sent = {"content-type": "application/json", "anthropic-version": "2023-06-01", **headers}
    # llama.cpp's server closes the connection after a stream, although it promises to keep it.
    sent |= {"connection": "close"} if fields.get("stream") else {}
    key = target.api_key()
    sent |= {"x-api-key": key} if key_in == "x-api-key" and key else {}
    exchange = client.send("POST", MESSAGES, body=data, headers=sent, anonymous=key_in != "authorization")
    logger.info(f"{exchange.status} {exchange.body[:2000].decode(errors='replace')}")
    return exchange
