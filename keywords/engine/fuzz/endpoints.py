"""Endpoints of model requests, each with a valid request, for `malformed.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.engine.fuzz import fields, operations
from keywords.engine.fuzz import messages as malformed_messages
from keywords.engine.fuzz.http import CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_OPENAI_NUMBERS = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "n")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Attributes:
        path: its path.
        good: a valid request for a single token.
        prompt_field: the field that holds the prompt; it contains `fields.PROMPT` once.
        words: further texts that occur once in `good`.
        numbers: fields that take a number.
        wrong_prompts: requests with a wrong `prompt_field`.
        broken_fields: requests by families of faults that only this endpoint has.
    """

    path: str
    good: dict[str, Any]
    prompt_field: str
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    wrong_prompts: SearchStrategy[dict[str, Any]]
    broken_fields: dict[str, SearchStrategy[dict[str, Any]]]


def openai_endpoints(model: str) -> list[Endpoint]:
    """The endpoints of OpenAI's API."""
    chat = fields.good_request(model)
    text = operations.good_completion(model)
    vectors = operations.good_embeddings(model)
    messages = fields.broken_messages(chat)
    return [
        Endpoint(
            CHAT,
            chat,
            "messages",
            (model, "user"),
            _OPENAI_NUMBERS,
            messages,
            {
                "broken message": messages,
                "field missing, null or empty": fields.absent_field(chat, "messages"),
                "field of the wrong type or out of bounds": fields.broken_field(chat),
            },
        ),
        Endpoint(
            COMPLETIONS,
            text,
            "prompt",
            (model,),
            _OPENAI_NUMBERS,
            operations.wrong_prompt(text),
            {
                "field missing, null or empty": fields.absent_field(text),
                "field of the wrong type or out of bounds": operations.broken_completion(text),
            },
        ),
        Endpoint(
            EMBEDDINGS,
            vectors,
            "input",
            (model,),
            ("dimensions",),
            operations.wrong_input(vectors),
            {
                "field missing, null or empty": fields.absent_field(vectors, "input"),
                "field of the wrong type or out of bounds": operations.broken_embeddings(vectors),
            },
        ),
    ]


def messages_endpoint(model: str) -> Endpoint:
    """The endpoint of Anthropic's API."""
    good = fields.good_request(model)
    messages = malformed_messages.broken_messages(good)
    return Endpoint(
        MESSAGES,
        good,
        "messages",
        (model, "user"),
        ("temperature", "top_p", "top_k", "max_tokens"),
        messages,
        {
            "broken message": messages,
            "field missing, null or empty": fields.absent_field(good, "messages", "max_tokens"),
            "field of the wrong type or out of bounds": malformed_messages.broken_field(good),
        },
    )
