"""Joins llama.cpp's stream of several choices into one answer, and completes answers in one piece.

In an answer in one piece, llama.cpp counts the tokens of the first choice only; in a stream, those of each choice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.text.numbers import dump
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    from gateway.backends.base import Call


def as_stream(call: Call) -> Call:
    """The call changed into one for a stream with usage."""
    fields = {**call.exact_fields(), "stream": True, "stream_options": {"include_usage": True}}
    return replace(call, body=dump(fields), fields=fields, stream=True)


async def join_chat(blocks: AsyncIterable[bytes]) -> bytes:
    """Join the translated events of a stream with usage into one answer."""
    answer = await join_stream(blocks, _join)
    for choice in answer["choices"]:
        message = choice["message"]
        if message.get("tool_calls") and not message["content"]:
            message["content"] = None
    return orjson.dumps({**answer, "object": "chat.completion"})


def add_nulls(answer: bytes) -> bytes:
    """Add to a whole answer, as null, what OpenAI requires of each choice (`CreateChatCompletionResponse`).

    These are `logprobs` with its `refusal`, and the message's `refusal`.
    """
    parsed = orjson.loads(answer)
    for choice in parsed["choices"]:
        choice["message"].setdefault("refusal", None)
        if choice.setdefault("logprobs", None):
            choice["logprobs"].setdefault("refusal", None)
    return orjson.dumps(parsed)


async def join_stream(
    blocks: AsyncIterable[bytes], join: Callable[[dict[str, Any], dict[str, Any]], None]
) -> dict[str, Any]:
    """Join a stream's events into one answer: the latest value of each field, and whole choices.

    Args:
        blocks: blocks of whole events.
        join: adds a piece to a choice, which is an empty dictionary at first.
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
    """Add a piece of a choice to `choice`, which is empty at first."""
    delta = piece["delta"]
    if not choice:
        empty = {"role": "assistant", "content": "", "refusal": None}
        choice |= {"index": piece["index"], "message": empty, "logprobs": None, "finish_reason": None}
    message = choice["message"]
    choice["finish_reason"] = piece["finish_reason"] or choice["finish_reason"]
    for name in ("content", "reasoning_content"):
        if text := delta.get(name):
            message[name] = message.get(name, "") + text
    for call in delta.get("tool_calls") or ():
        _join_call(message.setdefault("tool_calls", []), call)
    if new := piece.get("logprobs"):
        logprobs = choice["logprobs"] = choice["logprobs"] or {"content": [], "refusal": None}
        logprobs["content"] += new["content"] or []


def _join_call(calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Add a piece of a tool call: id and name come first, then the arguments piece by piece."""
    if piece["index"] == len(calls):
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call = calls[piece["index"]]
    call["id"] += piece.get("id") or ""
    for name, text in (piece.get("function") or {}).items():
        call["function"][name] += text or ""
