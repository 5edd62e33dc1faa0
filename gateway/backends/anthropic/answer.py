"""Anthropic's answer as OpenAI's: one `message` object, or one event of its stream at a time.

Formats: docs.claude.com/en/api/messages, /en/api/messages-streaming. Thoughts come back as `reasoning`, and in
`thinking_blocks` with the signature that Anthropic wants to see again.
"""

from __future__ import annotations

import time
from typing import Any

import orjson

from gateway.backends.anthropic.vocabulary import FINISH_REASONS, THOUGHTS

# What reading an answer raises that lacks something, or has something of another type.
WRONG_SHAPE = (LookupError, TypeError, AttributeError, ValueError)
PING = b": ping\n\n"


def completion(answer: dict[str, Any]) -> bytes:
    """A whole `message` as a `chat.completion` object.

    Raises:
        WRONG_SHAPE: it is no message.
    """
    text: list[str] = []
    thoughts: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for block in answer["content"]:
        kind = block.get("type")
        if kind == "text":
            text.append(block["text"])
        elif kind == "tool_use":
            calls.append(_tool_call(len(calls), block, orjson.dumps(block["input"]).decode()))
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
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(answer)}
    return orjson.dumps(
        {
            "id": answer.get("id"),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": answer.get("model"),
            "choices": [choice],
            "usage": usage_of(answer.get("usage") or {}),
        }
    )


class AnthropicStream:
    """Translates the events of one stream.

    Args:
        include_usage: whether the stream shall end with a usage chunk, and carry `usage: null` before.

    Attributes:
        finished: the stop reason has come, so that nothing of the answer is missing.
        ended: `message_stop` has come.
        counts: Anthropic's token counts, as far as they have come.
    """

    def __init__(self, *, include_usage: bool) -> None:
        self.finished = False
        self.ended = False
        self._include_usage = include_usage
        self._envelope: dict[str, Any] = {}
        self.counts: dict[str, Any] = {}
        self._tool_calls = 0
        # The block under way: Anthropic sends one after the other.
        self._block: dict[str, Any] = {}
        self._arguments = False

    def events(self, event: dict[str, Any], _raw: bytes) -> bytes:  # noqa: PLR0911  # one line per type of event
        """The SSE events for one event; empty if it says nothing to an OpenAI client.

        Raises:
            WRONG_SHAPE: the event lacks what its type demands.
        """
        match event["type"]:
            case "message_start":
                return self._start(event["message"])
            case "content_block_start":
                return self._block_start(event["content_block"])
            case "content_block_delta":
                return self._delta(event["delta"])
            case "content_block_stop":
                return self._block_stop()
            case "message_delta":
                # The counts are cumulative: each replaces the one before.
                self.counts |= {name: count for name, count in event.get("usage", {}).items() if count is not None}
                if event["delta"].get("stop_reason") and not self.finished:
                    self.finished = True
                    return self._chunk({}, _finish_reason(event["delta"]))
            case "message_stop":
                self.ended = True
            case "ping" if self._envelope:
                return PING
        return b""

    def usage_chunk(self) -> bytes:
        """The usage chunk that ends the stream, if it was asked for."""
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
        self._block = dict(block)
        if block["type"] == "tool_use":
            self._tool_calls += 1
            self._arguments = False
            return self._chunk({"tool_calls": [_tool_call(self._tool_calls - 1, block, "")]})
        if block["type"] == "text" and block.get("text"):
            return self._chunk({"content": _text(block["text"])})
        return b""

    def _delta(self, delta: dict[str, Any]) -> bytes:
        match delta["type"]:
            case "text_delta":
                return self._chunk({"content": _text(delta["text"])})
            case "input_json_delta" if self._block["type"] == "tool_use" and delta["partial_json"]:
                self._arguments = True
                return self._arguments_chunk(_text(delta["partial_json"]))
            case "thinking_delta":
                self._block["thinking"] = self._block.get("thinking", "") + delta["thinking"]
                return self._chunk({"reasoning": _text(delta["thinking"])})
            case "signature_delta":
                self._block["signature"] = delta["signature"]
        return b""

    def _block_stop(self) -> bytes:
        block, self._block = self._block, {}
        if block["type"] == "tool_use" and not self._arguments:
            # A call without arguments comes without a delta, but OpenAI's arguments are always JSON.
            return self._arguments_chunk(orjson.dumps(block.get("input") or {}).decode())
        if block["type"] in THOUGHTS:
            return self._chunk({"thinking_blocks": [block]})
        return b""

    def _arguments_chunk(self, text: str) -> bytes:
        return self._chunk({"tool_calls": [{"index": self._tool_calls - 1, "function": {"arguments": text}}]})

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


def _finish_reason(answer: dict[str, Any]) -> str:
    return FINISH_REASONS.get(answer.get("stop_reason") or "", "stop")


def usage_of(counts: dict[str, Any]) -> dict[str, Any] | None:
    """OpenAI's counts; None if one is missing. Anthropic counts what it read from or wrote to its cache apart."""
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    prompts = [counts.get(name) for name in names]
    prompt = sum(count for count in prompts if isinstance(count, int))
    cached, answered = prompts[1] if isinstance(prompts[1], int) else 0, counts.get("output_tokens")
    if not isinstance(prompts[0], int) or not isinstance(answered, int):
        return None
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answered,
        "total_tokens": prompt + answered,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
