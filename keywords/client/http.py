"""Raw requests and exchanges, for whatever is not an ordinary chat request."""

from __future__ import annotations

import json
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.http.exchange import Exchange
from keywords.engine.openai import conformance
from keywords.engine.openai.answer import error_object, shown
from keywords.engine.openai.client import Answer, StreamedAnswer
from keywords.engine.redaction.secrets import SECRETS
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Headers, header, json_or_text
from keywords.run.assertions import verify, verify_no_defects
from keywords.run.places import PAYLOADS

CHAT = "/v1/chat/completions"
_SHOWN_BODY = 120


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class HttpLibrary:
    """Send any request, valid or not, and check the status, the headers and the error of the answer.

    The `Send…` keywords raise nothing when the gateway refuses: the row decides whether it should. They return an
    exchange, which also holds the reason of a broken connection.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message.
    """

    @keyword
    def send_payload(
        self,
        payload: str,
        *,
        path: str = CHAT,
        content_type: str | None = "application/json",
        headers: Headers = None,
        api_key: str | None = None,
    ) -> Exchange:
        """Post the bytes of a file unchanged.

        The token `__MODEL__` in the file is replaced by the id of the model under test.

        Args:
            payload: a file in `resources/payloads`, or an absolute path.
            path: where to post it.
            content_type: `${None}` sends no content type.
            headers: further headers, such as `x-request-id: my-own-id`.
            api_key: a wrong key instead of the gateway's; empty for none.

        Returns:
            Status, headers, body, times.

        ```robotframework
        ${refusal} =    Send Payload    malformed.json
        Get Status    ${refusal}    ==    400
        ```
        """
        client = target.client()
        body = (PAYLOADS / payload).read_bytes().replace(b"__MODEL__", client.model.encode())
        pairs = [*_content_type(content_type), *(headers or {}).items(), *_authorization(api_key)]
        return _logged(client.send("POST", path, body=body, headers=pairs, anonymous=api_key == ""))

    @keyword
    def send_chat(self, prompt: str = "Hello.", **fields: Any) -> Exchange:
        """Post a chat request whose fields may be wrong.

        Args:
            prompt: the user message.
            fields: fields of the request, which override `model` and `messages`. A text that is JSON is taken as JSON:
                `n=129` is a number, `temperature="hot"` and `stop=END` are texts, and `messages=[]` is an empty array.

        Returns:
            Status, headers, body, times.

        ```robotframework
        ${refusal} =    Send Chat    max_tokens=-1
        Get Error Field    ${refusal}    param    ==    max_tokens
        ```
        """
        client = target.client()
        body = client.request(prompt) | {name: json_or_text(value) for name, value in fields.items()}
        data = json.dumps(body).encode()
        return _logged(client.send("POST", CHAT, body=data, headers={"content-type": "application/json"}))

    @keyword
    def send_raw(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        *headers: str,
        api_key: str | None = None,
    ) -> Exchange:
        """Send any method, path, body and headers.

        Args:
            method: the HTTP method.
            path: from the first slash.
            body: bytes as they are, a text as UTF-8; `${None}` for none.
            headers: `Name: value` each, in this order; a name may come twice. No content type is added.
            api_key: a wrong key instead of the gateway's; empty for none.

        Returns:
            Status, headers, body, times.

        Raises:
            ValueError: a header has no colon.

        ```robotframework
        ${refusal} =    Send Raw    POST    /v1/chat/completions    {"model":    Content-Type: application/json
        ${refusal} =    Send Raw    GET    /v1/models    api_key=wrong
        ```
        """
        pairs = [*map(header, headers), *_authorization(api_key)]
        data = body.encode() if isinstance(body, str) else body
        return _logged(target.client().send(method, path, body=data, headers=pairs, anonymous=api_key == ""))

    @keyword
    def body_of_bytes(self, count: int) -> bytes:
        """A body of exactly that many bytes: a JSON object with one long text.

        ```robotframework
        ${body} =    Body Of Bytes    1000
        ```
        """
        empty = b'{"x": ""}'
        return empty[:-2] + b"a" * (count - len(empty)) + empty[-2:]

    @keyword
    def get_status(
        self,
        answer: Exchange | Answer | StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The HTTP status.

        Raises:
            AssertionError: the comparison failed, or no answer arrived.

        ```robotframework
        ${exchange} =    Send Raw    GET    /v1/models
        Get Status    ${exchange}    ==    200
        ```
        """
        exchange = exchange_of(answer)
        if exchange.status is None:
            raise AssertionError(f"No answer came to {exchange.method} {exchange.url}: {exchange.failure}")
        return verify(
            exchange.status, assertion_operator, assertion_expected, "The status", message, _answered(exchange)
        )

    @keyword
    def get_header(
        self,
        answer: Exchange | Answer | StreamedAnswer,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str | None:
        """A header of the answer, by its case-insensitive name; `${None}` if there is none.

        ```robotframework
        ${answer} =    Ask    Say OK
        Get Header    ${answer}    x-request-id    !=    ${None}
        ```
        """
        value = exchange_of(answer).response_headers.get(name.lower())
        return verify(value, assertion_operator, assertion_expected, f"The header {name}", message)

    @keyword
    def get_body(
        self,
        answer: Exchange | Answer | StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        r"""The body as text; bytes that are not UTF-8 are shown as `\xNN`.

        ```robotframework
        ${exchange} =    Send Raw    GET    /v1/models
        Get Body    ${exchange}    contains    list
        ```
        """
        body = exchange_of(answer).body.decode(errors="backslashreplace")
        return verify(body, assertion_operator, assertion_expected, "The body", message)

    @keyword
    def get_error_field(
        self,
        exchange: Exchange,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str | None:
        """A field of the error object: `message`, `type`, `param` or `code`; `${None}` stands for null.

        Raises:
            AssertionError: the comparison failed, or the body has no error object with this field.

        ```robotframework
        ${refusal} =    Send Payload    unknown_model.json
        Get Error Field    ${refusal}    code    ==    model_not_found
        Get Error Field    ${refusal}    message    contains    no-such-model
        ```
        """
        error = error_object(exchange)
        if name not in error:
            raise AssertionError(f"The answer has no error.{name}; {exchange.status}: {shown(exchange.body)}")
        value: str | None = error[name]
        return verify(value, assertion_operator, assertion_expected, f"error.{name}", message)

    @keyword("Error Should Be An OpenAI Error")
    def error_should_be_an_openai_error(self, exchange: Exchange) -> None:
        """Verify an error answer: all four keys with their types, a message that is not empty and reveals no secret.

        Args:
            exchange: the refusal.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${refusal} =    Send Payload    malformed.json
        Error Should Be An OpenAI Error    ${refusal}
        ```
        """
        if SECRETS.redact(exchange.body) != exchange.body:
            raise AssertionError("The error gives a key away; the evidence shows where, as <secret>")
        verify_no_defects("Not an OpenAI error", conformance.error_defects(exchange))


def exchange_of(answer: Exchange | Answer | StreamedAnswer) -> Exchange:
    """The exchange of an answer, a stream or whatever else holds one.

    Raises:
        TypeError: it holds none.
    """
    exchange = answer if isinstance(answer, Exchange) else getattr(answer, "exchange", None)
    if isinstance(exchange, Exchange):
        return exchange
    raise TypeError(f"Expected an answer, a stream or an exchange of a Send keyword, got {answer!r}")


def request_id_of(answer: Exchange | Answer | StreamedAnswer) -> str:
    """The id of a request, from the header `x-request-id` of its answer.

    Raises:
        AssertionError: the answer has no such header.
    """
    exchange = exchange_of(answer)
    if request_id := exchange.response_headers.get("x-request-id"):
        return request_id
    raise AssertionError(f"The answer to {exchange.method} {exchange.url} has no header x-request-id")


def _answered(exchange: Exchange) -> str:
    """What came with a status: the error's code, type and message, and a short piece of the body at the end."""
    error = error_object(exchange)
    said = [f"{name} {error[name]!r}" for name in ("code", "type", "message") if error.get(name)]
    body = shown(exchange.body)
    piece = f"{body[:_SHOWN_BODY]}…" if len(body) > _SHOWN_BODY else body
    return "; ".join([", ".join(said)] * bool(said) + [f"{exchange.method} {exchange.url} answered {piece}"])


def _content_type(content_type: str | None) -> list[tuple[str, str]]:
    return [] if content_type is None else [("content-type", content_type)]


def _authorization(api_key: str | None) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {api_key}")] if api_key else []


def _logged(exchange: Exchange) -> Exchange:
    outcome = exchange.failure if exchange.status is None else f"{exchange.status} {shown(exchange.body)}"
    logger.info(f"{exchange.method} {exchange.url} in {exchange.total_s:.3f} s: {outcome}")
    return exchange
