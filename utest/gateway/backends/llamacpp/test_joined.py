"""A whole chat answer of several choices, put together from the stream of them."""

import asyncio
import json

from gateway.backends.base import Call
from gateway.backends.llamacpp.joined import as_stream, join_chat

USAGE = {"prompt_tokens": 7, "completion_tokens": 6, "total_tokens": 13}


def event(*choices, **fields):
    chunk = {"id": "1", "object": "chat.completion.chunk", "choices": choices, **fields}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def piece(index=0, finish=None, logprobs=None, **delta):
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return choice | ({"logprobs": logprobs} if logprobs else {})


def joined(*blocks):
    async def stream():
        for block in blocks:
            yield block

    return json.loads(asyncio.run(join_chat(stream())))


def test_the_pieces_of_each_choice_come_together_in_order():
    answer = joined(
        event(piece(1, role="assistant", content=None)),
        event(piece(1, content="b")) + event(piece(0, role="assistant", content=None)),
        event(piece(0, content="a")),
        event(piece(1, content="d")),
        event(piece(1, finish="stop")),
        event(piece(0, content="c")) + event(piece(0, finish="length")),
        event(usage=USAGE),
    )
    assert answer == {
        "id": "1",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "ac"}, "finish_reason": "length"},
            {"index": 1, "message": {"role": "assistant", "content": "bd"}, "finish_reason": "stop"},
        ],
        "usage": USAGE,
    }


def test_thoughts_calls_of_tools_and_log_probabilities_come_together_too():
    def call(number, arguments, **first):
        return {"index": number, **first, "function": {"arguments": arguments, **({"name": "f"} if first else {})}}

    answer = joined(
        event(piece(role="assistant", content=None)),
        event(piece(reasoning_content="h", logprobs={"content": [{"token": "h"}]})),
        event(piece(reasoning_content="m", logprobs={"content": [{"token": "m"}]})),
        event(piece(tool_calls=[call(0, "{", id="x", type="function")])),
        event(piece(tool_calls=[call(0, "}")])),
        event(piece(tool_calls=[call(1, "[]", id="y", type="function")])),
        event(piece(finish="tool_calls")),
        event(usage=USAGE),
    )
    (choice,) = answer["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "y", "type": "function", "function": {"name": "f", "arguments": "[]"}},
        ],
    }
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == ["h", "m"]
    assert choice["finish_reason"] == "tool_calls"


def test_the_stream_that_is_asked_for_is_of_the_same_call():
    fields = {"model": "m", "messages": [], "n": 2}
    asked = as_stream(Call(b"{}", fields, "m", "m", "id", stream=False))
    assert asked.stream
    assert json.loads(asked.body) == asked.fields
    assert asked.fields == {**fields, "stream": True, "stream_options": {"include_usage": True}}
    assert fields == {"model": "m", "messages": [], "n": 2}
