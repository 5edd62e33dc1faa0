"""Requests on trial: plain and streamed ones, and the server's own statement that it cannot do what they ask."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from keywords.engine.capabilities.backends import DROPPED_HEADER
from keywords.engine.openai.answer import GatewayRefused, NotAnAnswer, error_object, raise_unless_ok, read_object, shown
from keywords.engine.openai.client import CHAT, JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keywords.engine.http.exchange import Exchange
    from keywords.engine.openai.client import ChatClient, Messages
    from keywords.engine.openai.stream import StreamedAnswer

PROMPT = "Say hello."
_UNSUPPORTED = frozenset({"unsupported_parameter", "unsupported_value"})
"""OpenAI's codes for what a model does not take, such as `max_tokens` or `temperature` of a reasoning model."""
_CANNOT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED})
"""The statuses with which a server may say that it cannot do something."""


class NotTakenError(Exception):
    """The server says itself that it cannot take a parameter; the message quotes it.

    Attributes:
        outcome: whether it refused the request, or named the parameter as dropped.
    """

    def __init__(self, outcome: Literal["refused", "dropped"], message: str) -> None:
        super().__init__(message)
        self.outcome: Literal["refused", "dropped"] = outcome


class InconclusiveError(Exception):
    """The model's own words leave open what was on trial."""


def raise_if_not_taken(exchange: Exchange, *params: str) -> None:
    """Read an answer for the server's statement that it cannot take a parameter.

    Args:
        exchange: the request and its answer.
        params: the parameter on trial, and further ones that a refusal may name; none if nothing may be declined.

    Raises:
        NotTakenError: a refusal names one as its `param` or in its message, or the answer names the first as dropped.
    """
    error = error_object(exchange) if exchange.status in _CANNOT else {}
    message = str(error.get("message") or "")
    for name in params:
        if str(error.get("param") or "").startswith(name) or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message):
            raise NotTakenError("refused", f"the server refuses {name!r} with {exchange.status}: {message}")
    dropped = (exchange.response_headers.get(DROPPED_HEADER) or "").split(", ")
    if params and params[0] in dropped:
        raise NotTakenError("dropped", f"the server says in {DROPPED_HEADER} that it dropped {params[0]!r}")


class Asker:
    """Sends a model the same greedy prompt with further fields.

    Args:
        client: the model's client.
        params: the parameter on trial, and further ones that a refusal may name; none if nothing may be declined.
    """

    def __init__(self, client: ChatClient, *params: str) -> None:
        self._client = client
        self._params = params

    def __call__(self, messages: Messages = PROMPT, **fields: Any) -> dict[str, Any]:
        """Send one request and return its answer.

        Args:
            messages: the text of one user message, or the whole conversation.
            fields: fields of the request; they override `temperature` 0 and `max_tokens` 6, and None leaves one out.

        Raises:
            NotTakenError: the server says that it cannot take a parameter on trial, or, by OpenAI's codes, another one.
            ValueError: the request got another error.
            NoUsableAnswer: no answer came, or it is no JSON object.
        """
        return self.send_encoded(messages, json.dumps, **fields)

    def send_encoded(self, messages: Messages, encode: Callable[[object], str], **fields: Any) -> dict[str, Any]:
        """As a call, with a JSON encoder."""
        body = encode(self._request(messages, fields)).encode()
        exchange = self._client.send("POST", CHAT, body=body, headers=JSON)
        self._check(exchange)
        answer = read_object(exchange, "a chat completion")
        choices = answer.get("choices")
        if not isinstance(choices, list) or not choices or not all(_has_message(choice) for choice in choices):
            raise NotAnAnswer(exchange, "a chat completion with choices and messages")
        return answer

    def stream(self, messages: Messages = PROMPT, **fields: Any) -> StreamedAnswer:
        """As a call, streamed."""
        asked = self._request(messages, fields)
        try:
            stream = self._client.stream(asked.pop("messages"), **asked)
        except GatewayRefused as refusal:
            self._check(refusal.exchange)
            raise
        self._check(stream.exchange)
        return stream

    def _request(self, messages: Messages, fields: Mapping[str, Any]) -> dict[str, Any]:
        return self._client.request(messages, **{"temperature": 0, "max_tokens": 6, **fields})

    def _check(self, exchange: Exchange) -> None:
        raise_if_not_taken(exchange, *self._params)
        if exchange.status in _CANNOT:
            error = error_object(exchange)
            if error.get("code") in _UNSUPPORTED:
                said = f"{error['code']} for {error.get('param')!r}: {error.get('message')}"
                raise NotTakenError("refused", f"the server refuses a field beside it with {exchange.status}, {said}")
            message = error.get("message") or shown(exchange.body)
            raise ValueError(f"refused with {exchange.status} for {error.get('param')!r}: {message}")
        raise_unless_ok(exchange)


def _has_message(choice: object) -> bool:
    return isinstance(choice, dict) and isinstance(choice.get("message"), dict)


def text(answer: Mapping[str, Any]) -> str:
    """The text of the first choice; empty if it has none."""
    return str(answer["choices"][0]["message"].get("content") or "")


def finish_reason(answer: Mapping[str, Any]) -> object:
    """The finish reason of the first choice."""
    return answer["choices"][0].get("finish_reason")


def prompt_tokens(answer: Mapping[str, Any]) -> int:
    """The counted tokens of the prompt.

    Raises:
        ValueError: the answer has no such count.
    """
    return _count(answer, "prompt_tokens")


def completion_tokens(answer: Mapping[str, Any]) -> int:
    """The counted tokens of the answer.

    Raises:
        ValueError: the answer has no such count.
    """
    return _count(answer, "completion_tokens")


def _count(answer: Mapping[str, Any], name: str) -> int:
    count = (answer.get("usage") or {}).get(name)
    if not isinstance(count, int):
        raise ValueError(f"usage.{name} must be a number, it is {count!r}")  # noqa: TRY004  # a defect of the answer
    return count
