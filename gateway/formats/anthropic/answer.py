"""A chat completion as Anthropic's `message`: the counterpart of `gateway.backends.anthropic.answer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.backends.anthropic.vocabulary import STOP_REASONS, UNFINISHED
from gateway.formats.anthropic.tool_use import ToolUseIds, arguments_text, tool_input
from gateway.request.usage import parse_usage
from gateway.text.json_values import dump_whole

if TYPE_CHECKING:
    from gateway.request.usage import Meter, Usage

REFUSED = STOP_REASONS["content_filter"]
_CUT_OFF = "length"
# Anthropic's answers have each of these members, null where there is nothing to say; so have all of its models of them.
_NOT_STOPPED = {"stop_reason": None, "stop_sequence": None, "stop_details": None, "container": None}
UNKNOWN_USAGE = dict.fromkeys(
    (
        *("cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens", "inference_geo"),
        *("output_tokens_details", "server_tool_use", "service_tier"),
    )
)
"""The members of `usage` that a chat completion has no counterpart for, or seldom."""


def message_of(completion: dict[str, Any], request: dict[str, Any], meter: Meter) -> bytes:
    """Translate a complete chat completion to a `message` object.

    Args:
        completion: OpenAI's `chat.completion` object.
        request: the client's request.
        meter: takes note of the usage that the client gets.

    Raises:
        WRONG_SHAPE: not a completion.
    """
    choice = completion["choices"][0]
    message = choice["message"]
    blocks: list[dict[str, Any]] = []
    if wants_thoughts(request) and (thoughts := thoughts_in(message)):
        # Only Anthropic signs thoughts.
        blocks.append({"type": "thinking", "thinking": thoughts, "signature": ""})
    if text := message.get("content") or message.get("refusal"):
        blocks.append({"type": "text", "text": checked_text(text)})
    calls = message.get("tool_calls") or ()
    ids, cut_off = ToolUseIds(), choice.get("finish_reason") == _CUT_OFF
    blocks += [_tool_use(call, ids, cut_off=cut_off) for call in calls]
    # The ledger shows the same usage as the client gets.
    meter.reported = usage = parse_usage(completion) or meter.estimate(request, "messages")
    return dump_whole(
        envelope(completion, request)
        | {"content": blocks, "usage": usage_of(usage)}
        | stopped(choice, request, refused=bool(message.get("refusal")), calls=bool(calls))
    )


def envelope(completion: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The common fields of every `message` object, complete or at the start of a stream."""
    return {
        "id": completion.get("id") or "msg",
        "type": "message",
        "role": "assistant",
        "model": completion.get("model") or request["model"],
        "content": [],
        **_NOT_STOPPED,
    }


def stopped(choice: dict[str, Any], request: dict[str, Any], *, refused: bool, calls: bool) -> dict[str, Any]:
    """The stop reason and stop sequence of an answer.

    Clients run tools while the reason is `tool_use`: it stands where there are calls, unless something cut them off.

    OpenAI's `stop` does not distinguish a stop sequence from the model's own end; vLLM names the sequence.
    """
    finish = choice.get("finish_reason")
    if finish not in UNFINISHED:
        # Gemini and others end an answer with calls by "stop".
        finish = "tool_calls" if calls else "stop"
    reason = REFUSED if refused else STOP_REASONS[finish]
    sequence = choice.get("stop_reason") if reason == STOP_REASONS["stop"] else None
    if isinstance(sequence, str) and sequence in (request.get("stop_sequences") or ()):
        return {**_NOT_STOPPED, "stop_reason": "stop_sequence", "stop_sequence": sequence}
    return {**_NOT_STOPPED, "stop_reason": reason}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Anthropic's `usage`, whose input tokens exclude those from a cache."""
    cached = usage.cached_tokens
    counts = {"input_tokens": usage.prompt_tokens - cached, "output_tokens": usage.completion_tokens}
    return UNKNOWN_USAGE | counts | ({"cache_read_input_tokens": cached} if cached else {})


def wants_thoughts(request: dict[str, Any]) -> bool:
    """Whether the client requests the model's thoughts; Anthropic sends them only on request."""
    return (request.get("thinking") or {}).get("type") not in {None, "disabled"}


def thoughts_in(message: dict[str, Any]) -> str:
    """The thoughts in a message or delta: `reasoning`, or `reasoning_content` of DeepSeek and llama.cpp.

    Raises:
        TypeError: they are not a string.
    """
    return checked_text(message.get("reasoning") or message.get("reasoning_content") or "")


def checked_text(value: Any) -> str:
    """Return `value` if it is a string.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _tool_use(call: dict[str, Any], ids: ToolUseIds, *, cut_off: bool) -> dict[str, Any]:
    function = call["function"]
    name = checked_text(function["name"])
    arguments = tool_input(arguments_text(function.get("arguments")), cut_off=cut_off)
    return {"type": "tool_use", "id": ids.next(call.get("id")), "name": name, "input": arguments}
