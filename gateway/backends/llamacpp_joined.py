"""A whole chat answer of several choices, from llama.cpp's stream of them.

In one piece llama.cpp counts the tokens of the first choice only; a stream tells those of each with its end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from gateway.backends.base import Call


def as_stream(call: Call) -> Call:
    """The same call for a stream that ends with its usage."""
    fields = {**call.fields, "stream": True, "stream_options": {"include_usage": True}}
    return replace(call, body=orjson.dumps(fields), fields=fields, stream=True)


async def joined_chat(blocks: AsyncIterable[bytes]) -> bytes:
    """One answer in one piece, from the translated events of a stream that asked for its usage."""
    choices: dict[int, dict[str, Any]] = {}
    answer: dict[str, Any] = {}
    async for block in blocks:
        for event in block.split(b"\n\n"):
            data, _ = data_and_name(event)
            if not data:
                continue
            answer |= orjson.loads(data)
            for piece in answer["choices"]:
                _join(choices, piece)
    for choice in choices.values():
        message = choice["message"]
        if message.get("tool_calls") and not message["content"]:
            message["content"] = None
    answer |= {"object": "chat.completion", "choices": [choices[index] for index in sorted(choices)]}
    return orjson.dumps(answer)


def _join(choices: dict[int, dict[str, Any]], piece: dict[str, Any]) -> None:
    """Add a piece of a choice to it."""
    index, delta = piece["index"], piece["delta"]
    empty = {"index": index, "message": {"role": "assistant", "content": ""}, "finish_reason": None}
    choice = choices.setdefault(index, empty)
    message = choice["message"]
    choice["finish_reason"] = piece["finish_reason"] or choice["finish_reason"]
    for name in ("content", "reasoning_content"):
        if text := delta.get(name):
            message[name] = message.get(name, "") + text
    for call in delta.get("tool_calls") or ():
        _join_call(message.setdefault("tool_calls", []), call)
    if new := piece.get("logprobs"):
        choice.setdefault("logprobs", {"content": []})["content"] += new["content"] or []


def _join_call(calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Add a piece of a tool's call: its id and name come first, then its arguments bit by bit."""
    if piece["index"] == len(calls):
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call = calls[piece["index"]]
    call["id"] += piece.get("id") or ""
    for name, text in (piece.get("function") or {}).items():
        call["function"][name] += text or ""
