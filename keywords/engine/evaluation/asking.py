"""One request of an evaluation, and what came of it: a reply, or the reason for which there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from keywords.engine.evaluation.marks import Reply
from keywords.engine.openai.answer import (
    AnswerBrokeOff,
    GatewayRefused,
    NoUsableAnswer,
    error_object,
    first_choice,
    read_answer,
)
from keywords.engine.openai.client import CHAT, JSON

if TYPE_CHECKING:
    from keywords.engine.http.exchange import Exchange
    from keywords.engine.openai.client import ChatClient


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
    """

    reply: Reply | None
    failure: Failure | None
    detail: str
    finish_reason: str | None
    completion_tokens: int | None
    total_s: float


def ask(client: ChatClient, body: bytes, at_once: int = 1) -> Asked:
    """Send a chat request, so many of which are under way at the same time, and read what came."""
    exchange = client.send("POST", CHAT, body=body, headers=JSON, at_once=at_once)
    try:
        answer = read_answer(exchange)
    except NoUsableAnswer as error:
        return Asked(None, _failure(error, exchange), str(error), None, None, exchange.total_s)
    tokens = answer.usage.completion_tokens if answer.usage else None
    reply = Reply(answer.text, _first_token(first_choice(answer)))
    return Asked(reply, None, "", answer.finish_reason, tokens, exchange.total_s)


def _failure(error: NoUsableAnswer, exchange: Exchange) -> Failure:
    if isinstance(error, GatewayRefused):
        return Failure.REFUSED
    if isinstance(error, AnswerBrokeOff):
        return Failure.NO_ANSWER if exchange.status is None else Failure.CUT
    if not exchange.body.strip():
        return Failure.EMPTY_BODY
    return Failure.ERROR_BODY if error_object(exchange) else Failure.NO_COMPLETION


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
        if isinstance(one, dict) and isinstance(one.get("token"), str) and isinstance(one.get("logprob"), int | float):
            found[one["token"]] = max(float(one["logprob"]), found.get(one["token"], float("-inf")))
    return found or None
