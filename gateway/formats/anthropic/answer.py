"""A chat completion as Anthropic's `message`: the counterpart of `gateway.backends.anthropic.answer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.backends.anthropic.vocabulary import STOP_REASONS
from gateway.request.usage import parse_usage

if TYPE_CHECKING:
    from gateway.request.usage import Meter, Usage

REFUSED = STOP_REASONS["content_filter"]


def message_of(completion: dict[str, Any], asked: dict[str, Any], meter: Meter) -> bytes:
    """A whole completion as a `message` object.

    Args:
        completion: OpenAI's object.
        asked: the client's request.
        meter: notes the tokens that the client is told.

    Raises:
        WRONG_SHAPE: it is no completion, or the model wrote no JSON object for a tool.
    """
    choice = completion["choices"][0]
    said = choice["message"]
    blocks: list[dict[str, Any]] = []
    if wants_thoughts(asked) and (thoughts := thoughts_in(said)):
        # Only Anthropic signs thoughts; an empty signature says that nobody did.
        blocks.append({"type": "thinking", "thinking": thoughts, "signature": ""})
    if text := said.get("content") or said.get("refusal"):
        blocks.append({"type": "text", "text": checked_text(text)})
    blocks += [_tool_use(call) for call in said.get("tool_calls") or ()]
    # The ledger tells the same number as the client gets.
    meter.reported = usage = parse_usage(completion) or meter.estimate(prompt_of(asked))
    return orjson.dumps(
        envelope(completion, asked)
        | {"content": blocks, "usage": usage_of(usage)}
        | stopped(choice, asked, refused=bool(said.get("refusal")))
    )


def envelope(completion: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """What every message begins with, also one that is still to come."""
    return {
        "id": completion.get("id") or "msg",
        "type": "message",
        "role": "assistant",
        "model": completion.get("model") or asked["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def stopped(choice: dict[str, Any], asked: dict[str, Any], *, refused: bool) -> dict[str, Any]:
    """Why an answer ended.

    OpenAI's `stop` does not tell a stop sequence from the model's own end; vLLM says which one it was.
    """
    reason = STOP_REASONS.get(choice.get("finish_reason") or "", STOP_REASONS["stop"])
    met = choice.get("stop_reason")
    if isinstance(met, str) and met in (asked.get("stop_sequences") or ()):
        return {"stop_reason": "stop_sequence", "stop_sequence": met}
    return {"stop_reason": REFUSED if refused else reason, "stop_sequence": None}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Anthropic's counts, which leave what was read from a cache out of the input."""
    cached = usage.cached_tokens
    counts = {"input_tokens": usage.prompt_tokens - cached, "output_tokens": usage.completion_tokens}
    return counts | ({"cache_read_input_tokens": cached} if cached else {})


def prompt_of(asked: dict[str, Any]) -> list[Any]:
    """All that the model is to read, for an estimate of its size."""
    return [asked.get("system") or "", *asked["messages"]]


def wants_thoughts(asked: dict[str, Any]) -> bool:
    """Whether the client wants to see what the model thinks; Anthropic shows it to nobody else."""
    return (asked.get("thinking") or {}).get("type") not in {None, "disabled"}


def thoughts_in(said: dict[str, Any]) -> str:
    """What a message or a delta holds of thoughts: `reasoning`, or `reasoning_content` as DeepSeek and llama.cpp say.

    Raises:
        TypeError: they are no text.
    """
    return checked_text(said.get("reasoning") or said.get("reasoning_content") or "")


def checked_text(value: Any) -> str:
    """`value`, if it is a string.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _tool_use(call: dict[str, Any]) -> dict[str, Any]:
    given = orjson.loads(call["function"]["arguments"] or "{}")
    if not isinstance(given, dict):
        raise TypeError(type(given))
    name = checked_text(call["function"]["name"])
    return {"type": "tool_use", "id": checked_text(call["id"]), "name": name, "input": given}
