"""Translates Anthropic's answers into OpenAI's format: a whole `message` object, or a stream event by event.

Formats: docs.claude.com/en/api/messages, /en/api/messages-streaming. Thoughts become `reasoning`, and `thinking_blocks`
with the signature that Anthropic requires in the next request.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from gateway.backends.anthropic.vocabulary import FINISH_REASONS, THOUGHTS, UNFINISHED
from gateway.text.json_values import dump_with_halves

# Raised while reading an answer with missing fields, or fields of another type.
WRONG_SHAPE = (LookupError, TypeError, AttributeError, ValueError)
# The types of blocks that begin empty; the text stands in a member of the same name.
_BEGIN_EMPTY = ("text", "thinking")
PING = b": ping\n\n"


def completion(answer: dict[str, Any]) -> bytes:
    """Translate a whole `message` into a `chat.completion` object.

    Raises:
        WRONG_SHAPE: `answer` is no message.
    """
    text: list[str] = []
    thoughts: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for block in answer["content"]:
        kind = block.get("type")
        if kind == "text":
            text.append(block["text"])
        elif kind == "tool_use":
            calls.append(_tool_call(len(calls), block, dump_with_halves(block["input"]).decode()))
        elif kind in THOUGHTS:
            thoughts.append(block)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(text) if text or not calls else None,
        "refusal": None,
    }
    if calls:
        message["tool_calls"] = calls
    if thoughts:
        message["reasoning"] = "".join(block.get("thinking", "") for block in thoughts)
        message["thinking_blocks"] = thoughts
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(answer, calls=bool(calls)),
    }
    return dump_with_halves(
        {
            "id": answer.get("id"),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": answer.get("model"),
            "choices": [choice],
            "usage": usage_of(answer.get("usage") or {}),
        }
    )


@dataclass(slots=True)
class _Block:
    """An open block: its fields, and the number of the tool call that it makes, if it is one."""

    fields: dict[str, Any]
    call: int
    has_arguments: bool = False


class AnthropicStream:
    """Translates the events of one stream.

    Args:
        include_usage: whether the stream ends with a usage chunk, and has `usage: null` in all others.

    Attributes:
        begun: whether the first content has come.
        finished: whether the stop reason has arrived, which completes the answer.
        ended: whether `message_stop` has arrived.
        counts: Anthropic's latest token counts.
    """

    def __init__(self, *, include_usage: bool) -> None:
        self.begun = False
        self.finished = False
        self.ended = False
        self._include_usage = include_usage
        self._envelope: dict[str, Any] = {}
        self.counts: dict[str, Any] = {}
        self._tool_calls = 0
        # The open blocks by index. Anthropic sends one after the other, but other servers of its format may mix them.
        self._blocks: dict[Any, _Block] = {}
        self._latest: Any = None
        # For events without a block: it lacks the type, which all but texts need.
        self._no_block = _Block({}, call=0)

    def events(self, event: dict[str, Any], _raw: bytes) -> bytes:  # noqa: PLR0911  # one line per type of event
        """The translated SSE events; empty if OpenAI's format has no counterpart.

        Raises:
            WRONG_SHAPE: the event lacks a field of its type.
        """
        match event["type"]:
            case "message_start":
                return self._start(event["message"])
            case "content_block_start":
                self.begun = self.begun or begins_with_content(event["content_block"])
                self._latest = event.get("index")
                return self._block_start(event["content_block"])
            case "content_block_delta":
                self.begun = self.begun or holds_content(event["delta"])
                return self._delta(self._blocks.get(event.get("index", self._latest), self._no_block), event["delta"])
            case "content_block_stop":
                return self._block_stop(self._blocks.pop(event.get("index", self._latest), self._no_block))
            case "message_delta":
                # The counts are cumulative.
                self.counts |= {name: count for name, count in (event.get("usage") or {}).items() if count is not None}
                if event["delta"].get("stop_reason") and not self.finished:
                    self.begun = self.finished = True
                    return self._chunk({}, _finish_reason(event["delta"], calls=self._tool_calls > 0))
            case "message_stop":
                self.ended = True
            case "ping" if self._envelope:
                return PING
        return b""

    def usage_chunk(self) -> bytes:
        """The usage chunk that ends the stream, if the client requested it."""
        if not self._include_usage:
            return b""
        return _event({**self._envelope, "choices": [], "usage": usage_of(self.counts)})

    def _start(self, message: dict[str, Any]) -> bytes:
        self._envelope = {
            "id": message.get("id"),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": message.get("model"),
        }
        if self._include_usage:
            self._envelope["usage"] = None
        self.counts = dict(message.get("usage") or {})
        return self._chunk({"role": "assistant", "content": ""})

    def _block_start(self, block: dict[str, Any]) -> bytes:
        self._blocks[self._latest] = _Block(dict(block), call=self._tool_calls)
        if block["type"] == "tool_use":
            self._tool_calls += 1
            return self._chunk({"tool_calls": [_tool_call(self._tool_calls - 1, block, "")]})
        if block["type"] == "text" and block.get("text"):
            return self._chunk({"content": _text(block["text"])})
        return b""

    def _delta(self, block: _Block, delta: dict[str, Any]) -> bytes:
        fields = block.fields
        match delta["type"]:
            case "text_delta":
                return self._chunk({"content": _text(delta["text"])})
            case "input_json_delta" if fields["type"] == "tool_use" and delta["partial_json"]:
                block.has_arguments = True
                return self._arguments_chunk(block.call, _text(delta["partial_json"]))
            case "thinking_delta":
                fields["thinking"] = fields.get("thinking", "") + delta["thinking"]
                return self._chunk({"reasoning": _text(delta["thinking"])})
            case "signature_delta":
                fields["signature"] = delta["signature"]
        return b""

    def _block_stop(self, block: _Block) -> bytes:
        fields = block.fields
        if fields["type"] == "tool_use" and not block.has_arguments:
            # A tool call without arguments has no delta, but OpenAI's arguments are always JSON.
            return self._arguments_chunk(block.call, dump_with_halves(fields.get("input") or {}).decode())
        if fields["type"] in THOUGHTS:
            return self._chunk({"thinking_blocks": [fields]})
        return b""

    def _arguments_chunk(self, call: int, text: str) -> bytes:
        return self._chunk({"tool_calls": [{"index": call, "function": {"arguments": text}}]})

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _event({**self._envelope, "choices": [choice]})


def _tool_call(index: int, block: dict[str, Any], arguments: str) -> dict[str, Any]:
    return {
        "index": index,
        "id": _text(block["id"]),
        "type": "function",
        "function": {"name": _text(block["name"]), "arguments": arguments},
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _finish_reason(answer: dict[str, Any], *, calls: bool) -> str:
    """OpenAI's finish reason; not every server of Anthropic's format ends an answer with calls by `tool_use`."""
    reason = FINISH_REASONS.get(answer.get("stop_reason") or "", "stop")
    return reason if reason in UNFINISHED else "tool_calls" if calls else "stop"


def begins_with_content(block: dict[str, Any]) -> bool:
    """Whether the start of a block is a part of the answer: a text or a thought begins empty, a call with its name."""
    return block["type"] not in _BEGIN_EMPTY or any(block.get(name) for name in _BEGIN_EMPTY)


def holds_content(delta: dict[str, Any]) -> bool:
    """Whether a delta holds anything but its type."""
    return any(value for name, value in delta.items() if name != "type")


def usage_of(counts: dict[str, Any]) -> dict[str, Any] | None:
    """OpenAI's usage; None if a count is missing. Anthropic counts cache reads and writes separately."""
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    # Exactly integers: JSON's `true` is none.
    plain, read, written = (count if type(count := counts.get(name)) is int else None for name in names)
    cached, output = read or 0, counts.get("output_tokens")
    if plain is None or type(output) is not int:
        return None
    prompt = plain + cached + (written or 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + dump_with_halves(chunk) + b"\n\n"
