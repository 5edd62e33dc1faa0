"""Answer without a stream, and the reasons for which there is none.

NoUsableAnswer          the request got no usable answer
├── GatewayRefused      the gateway answered with an error status
├── AnswerBrokeOff      no answer came, or not all of it: connection, time limit, protocol
└── NotAnAnswer         the body of a 200 is not the object that was requested
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.http.exchange import Exchange

SHOWN_BYTES = 400
SHOWN_CHARACTERS = 2000
"""Characters of a server's own message that are shown."""


class NoUsableAnswer(Exception):  # noqa: N818  # the names say what happened
    """The request got no usable answer; `exchange` records what came instead."""

    def __init__(self, message: str, exchange: Exchange) -> None:
        # The server's words stand in it.
        super().__init__(SECRETS.clean(message))
        self.exchange = exchange


class GatewayRefused(NoUsableAnswer):
    """The gateway answered with an error status.

    Attributes:
        status: the HTTP status.
        error: the `error` object of the body; empty if the body has none.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.status = exchange.status or 0
        self.error = error_object(exchange)
        said = str(self.error.get("message") or "")
        message = f"{said[:SHOWN_CHARACTERS]}…" if len(said) > SHOWN_CHARACTERS else said or shown(exchange.body)
        super().__init__(f"{exchange.method} {exchange.url} was refused with {self.status}: {message}", exchange)


class AnswerBrokeOff(NoUsableAnswer):
    """No answer came, or not all of it."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(
            f"{exchange.method} {exchange.url} broke off after {exchange.total_s:.3f} s: {exchange.failure}", exchange
        )


class NotAnAnswer(NoUsableAnswer):
    """The body of a 200 is not the object that was requested."""

    def __init__(self, exchange: Exchange, expected: str) -> None:
        super().__init__(
            f"{exchange.method} {exchange.url} answered {exchange.status}, but the body is not {expected}: "
            f"{shown(exchange.body)}",
            exchange,
        )


_MOST_TOKENS = 2**31 - 1
"""In one answer; sums of more would no longer be exact, and no server has a context of that length."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of an answer; None for a count that is missing or no integer."""

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A chat or text completion without a stream.

    Attributes:
        texts: the text of each choice, in the order of their index; empty for a choice without content.
        finish_reasons: why each choice ended.
        usage: the token counts; None if the answer has none.
        model: the model that the body names; None if it names none.
        exchange: the HTTP exchange.
    """

    texts: list[str]
    finish_reasons: list[str | None]
    usage: Usage | None
    model: str | None
    exchange: Exchange

    def __repr__(self) -> str:
        return f"Answer({self.text!r}, finish_reason={self.finish_reason!r}, total_s={self.total_s:.3f})"

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.texts[0]

    @property
    def finish_reason(self) -> str | None:
        """The reason for which the first choice ended."""
        return self.finish_reasons[0]

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        return self.exchange.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers, names in lower case."""
        return self.exchange.response_headers

    @property
    def backend(self) -> str | None:
        """The backend that answered, from the header `x-gateway-backend`; None without that header."""
        return self.headers.get("x-gateway-backend")

    @property
    def total_s(self) -> float:
        """The seconds from sending the request to the end of the answer."""
        return self.exchange.total_s


def error_object(exchange: Exchange) -> dict[str, Any]:
    """The `error` object of an answer; empty if the body has none."""
    try:
        body = exchange.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def shown(body: bytes) -> str:
    """The start of a body, for a message."""
    text = body[:SHOWN_BYTES].decode(errors="backslashreplace")
    return f"{text}…" if len(body) > SHOWN_BYTES else text or "(empty)"


def read_answer(exchange: Exchange, expected: str = "a chat completion") -> Answer:
    """Read the answer of an exchange leniently; `conformance` checks it.

    Args:
        exchange: the exchange.
        expected: the object that was requested, with its article.

    Raises:
        AnswerBrokeOff: the answer is incomplete.
        GatewayRefused: the status is not 2xx.
        NotAnAnswer: the body is not an object with choices.
    """
    body = read_object(exchange, expected)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not all(isinstance(choice, dict) for choice in choices):
        raise NotAnAnswer(exchange, f"{expected} with choices")
    choices = sorted(choices, key=_index)
    model = body.get("model")
    return Answer(
        texts=[_text(choice) for choice in choices],
        finish_reasons=[choice.get("finish_reason") for choice in choices],
        usage=read_usage(body.get("usage")),
        model=model if isinstance(model, str) else None,
        exchange=exchange,
    )


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None if it is no object."""
    if not isinstance(usage, dict):
        return None
    return Usage(
        _whole_number(usage.get("prompt_tokens")),
        _whole_number(usage.get("completion_tokens")),
        _whole_number(usage.get("total_tokens")),
    )


def token_count(tokens: int | None) -> int | None:
    """A number of tokens that an answer can have; what else a server says is no count."""
    if isinstance(tokens, bool) or tokens is None or not 0 <= tokens <= _MOST_TOKENS:
        return None
    return tokens


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def read_object(exchange: Exchange, expected: str) -> dict[str, Any]:
    """Read the JSON object in the body of a 2xx answer.

    Raises:
        AnswerBrokeOff: the answer is incomplete.
        GatewayRefused: the status is not 2xx.
        NotAnAnswer: the body is not a JSON object.
    """
    raise_unless_ok(exchange)
    if exchange.failure is not None:
        raise AnswerBrokeOff(exchange)
    try:
        body = exchange.json()
    except ValueError as error:
        raise NotAnAnswer(exchange, expected) from error
    if not isinstance(body, dict):
        raise NotAnAnswer(exchange, expected)
    return body


def raise_unless_ok(exchange: Exchange) -> None:
    """Verify that a 2xx status came.

    Raises:
        AnswerBrokeOff: no status came.
        GatewayRefused: the status is not 2xx.
    """
    if exchange.status is None:
        raise AnswerBrokeOff(exchange)
    if not HTTPStatus.OK <= exchange.status < HTTPStatus.MULTIPLE_CHOICES:
        raise GatewayRefused(exchange)


def first_choice(answer: Answer) -> dict[str, Any]:
    """The first choice in the body of an answer, by the order of their indexes."""
    choices: list[dict[str, Any]] = answer.exchange.json()["choices"]
    return min(choices, key=_index)


def _index(choice: dict[str, Any]) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


def _text(choice: dict[str, Any]) -> str:
    """The content of a chat completion's message, or the text of a text completion."""
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    return text if isinstance(text, str) else ""
