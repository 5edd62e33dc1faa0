"""One request of an evaluation, and what came of it: a reply, or the reason for which there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeGuard

from keywords.engine import clock
from keywords.engine.evaluation.marks import Reply
from keywords.engine.evaluation.prompting import TOP_LOGPROBS
from keywords.engine.http.recorder import StreamOutgrewRequest
from keywords.engine.openai.answer import (
    AnswerBrokeOff,
    GatewayRefused,
    NotAnAnswer,
    NoUsableAnswer,
    first_choice,
    read_answer,
    token_count,
)
from keywords.engine.openai.client import CHAT, JSON

if TYPE_CHECKING:
    from keywords.engine.http.exchange import Exchange
    from keywords.engine.openai.client import ChatClient


_LEAST_LOGPROB, _ROUNDING = -1e6, 0.001
"""OpenAI gives -9999 to what is never said."""


class Failure(StrEnum):
    """Why there is no reply; none of them is the model's fault."""

    REFUSED = "error status"
    ERROR_BODY = "error body with a good status"
    EMPTY_BODY = "empty body"
    NO_COMPLETION = "body is no chat completion"
    CUT = "answer broke off"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a request.

    Attributes:
        reply: the model's; None if none came.
        failure: why none came; None if one did.
        detail: the failure in words, with status or time.
        finish_reason: why the answer ended.
        completion_tokens: as the server counts them; None if it does not.
        total_s: seconds from sending to the end.
        model: that the answer names; None if it names none.
    """

    reply: Reply | None
    failure: Failure | None
    detail: str
    finish_reason: str | None
    completion_tokens: int | None
    total_s: float
    model: str | None = None


def ask(client: ChatClient, body: bytes, at_once: int = 1) -> Asked:
    """Send a chat request, so many of which are under way at the same time, and read what came."""
    began = clock.now()
    try:
        exchange = client.send("POST", CHAT, body=body, headers=JSON, at_once=at_once)
    except StreamOutgrewRequest as error:
        return _none(Failure.CUT, f"POST {CHAT} was broken off: {error}", clock.now() - began)
    try:
        answer = read_answer(exchange)
    except NoUsableAnswer as error:
        return _none(_failure(error, exchange), str(error), exchange.total_s)
    choice = first_choice(answer)
    if choice.get("error") or _says_error(exchange):
        said = str(NotAnAnswer(exchange, "a chat completion without an error"))
        return _none(Failure.ERROR_BODY, said, exchange.total_s)
    if (text := _text(choice)) is None:
        said = str(NotAnAnswer(exchange, "a chat completion with a text as choices[0].message.content"))
        return _none(Failure.NO_COMPLETION, said, exchange.total_s)
    refusal = choice["message"].get("refusal")
    refused = not text and isinstance(refusal, str) and bool(refusal)
    reply = Reply(str(refusal) if refused else text, _first_token(choice), refused=refused)
    reason = answer.finish_reason if isinstance(answer.finish_reason, str) else None
    tokens = answer.usage.completion_tokens if answer.usage else None
    return Asked(reply, None, "", reason, token_count(tokens), exchange.total_s, answer.model)


def _none(failure: Failure, detail: str, total_s: float) -> Asked:
    return Asked(None, failure, detail, None, None, total_s)


def _failure(error: NoUsableAnswer, exchange: Exchange) -> Failure:
    if isinstance(error, GatewayRefused):
        return Failure.REFUSED
    if isinstance(error, AnswerBrokeOff):
        return Failure.NO_ANSWER if exchange.status is None else Failure.CUT
    if not exchange.body.strip():
        return Failure.EMPTY_BODY
    return Failure.ERROR_BODY if _says_error(exchange) else Failure.NO_COMPLETION


def _says_error(exchange: Exchange) -> bool:
    """Whether the body has an error: an object as OpenAI's, or a text as Ollama's."""
    try:
        body = exchange.json()
    except ValueError:
        return False
    return isinstance(body, dict) and bool(body.get("error"))


def _text(choice: dict[str, Any]) -> str | None:
    """What the model said, empty if nothing; None if the choice has no message in OpenAI's form."""
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    content = message.get("content")
    if content is None:  # a refusal, calls of tools, or nothing
        return ""
    return content if isinstance(content, str) else None


def _first_token(choice: dict[str, Any]) -> dict[str, float] | None:
    """Candidates for the first token; None if the choice has none in OpenAI's form."""
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    first = content[0] if isinstance(content, list) and content else None
    candidates = first.get("top_logprobs") if isinstance(first, dict) else None
    if not isinstance(candidates, list):
        return None
    found: dict[str, float] = {}
    for one in candidates:
        token, value = (one.get("token"), one.get("logprob")) if isinstance(one, dict) else (None, None)
        if isinstance(token, str) and _is_log_probability(value):
            found[token] = max(float(value), found.get(token, float("-inf")))
    likeliest = sorted(found, key=lambda token: found[token], reverse=True)[:TOP_LOGPROBS]
    return {token: found[token] for token in likeliest} or None


def _is_log_probability(value: object) -> TypeGuard[float]:
    """Whether a value is the logarithm of a probability; servers round those that are near 1."""
    return type(value) in {int, float} and _LEAST_LOGPROB <= value <= _ROUNDING  # type: ignore[operator]
