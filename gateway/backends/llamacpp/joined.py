"""A whole answer of several choices, from llama.cpp's stream of them.

In one piece llama.cpp counts the tokens of the first choice only; a stream tells those of each with its end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    from gateway.backends.base import Call


def as_stream(call: Call) -> Call:
    """The same call for a stream that ends with its usage."""
    fields = {**call.fields, "stream": True, "stream_options": {"include_usage": True}}
    return replace(call, body=orjson.dumps(fields), fields=fields, stream=True)


async def joined_chat(blocks: AsyncIterable[bytes]) -> bytes:
    """One answer in one piece, from the translated events of a stream that asked for its usage."""
    answer = await joined(blocks, _join)
    for choice in answer["choices"]:
        message = choice["message"]
        if message.get("tool_calls") and not message["content"]:
            message["content"] = None
    return orjson.dumps({**answer, "object": "chat.completion"})


async def joined(
    blocks: AsyncIterable[bytes], join: Callable[[dict[str, Any], dict[str, Any]], None]
) -> dict[str, Any]:
    """An answer put together from a stream's events: the latest value of each field, and whole choices.

    Args:
        blocks: whole events.
        join: adds a piece of a choice to what there is of it, which is nothing at first.
    """
    choices: dict[int, dict[str, Any]] = {}
    answer: dict[str, Any] = {}
    async for block in blocks:
        for event in block.split(b"\n\n"):
            data, _ = data_and_name(event)
            if not data:
                continue
            answer |= orjson.loads(data)
            for piece in answer["choices"]:
                join(choices.setdefault(piece["index"], {}), piece)
    return {**answer, "choices": [choices[index] for index in sorted(choices)]}


def _join(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add a piece of a choice to it."""
    delta = piece["delta"]
    if not choice:
        empty = {"role": "assistant", "content": ""}
        choice |= {"index": piece["index"], "message": empty, "finish_reason": None}
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
