"""A whole chat answer of several choices, put together from the stream of them."""

import asyncio
import json

import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp.joined import add_nulls, as_stream, join_chat

NULLS = {"role": "assistant", "refusal": None}
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
            {"index": 0, "message": {**NULLS, "content": "ac"}, "logprobs": None, "finish_reason": "length"},
            {"index": 1, "message": {**NULLS, "content": "bd"}, "logprobs": None, "finish_reason": "stop"},
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
        **NULLS,
        "content": None,
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "y", "type": "function", "function": {"name": "f", "arguments": "[]"}},
        ],
    }
    assert choice["logprobs"]["refusal"] is None
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == ["h", "m"]
    assert choice["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("message", "logprobs", "refusal"),
    [
        ({"content": "a"}, ..., None),
        ({"content": None, "tool_calls": []}, None, None),
        ({"content": None, "refusal": "No."}, ..., "No."),
        ({"content": "a", "reasoning_content": "b"}, {"content": [{"token": "a"}]}, None),
        ({"content": "a"}, {"content": None, "refusal": None}, None),
    ],
)
def test_a_whole_answer_has_all_members_that_openai_requires(message, logprobs, refusal):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    given = choice if logprobs is ... else {**choice, "logprobs": logprobs}
    answer = json.loads(add_nulls(json.dumps({"id": "1", "choices": [given, given], "timings": {}}).encode()))
    expected = None if logprobs in (..., None) else {"refusal": None, **logprobs}
    for filled in answer["choices"]:
        assert filled == {**choice, "message": {**choice["message"], "refusal": refusal}, "logprobs": expected}
    assert answer["timings"] == {}


def test_the_stream_that_is_asked_for_is_of_the_same_call():
    fields = {"model": "m", "messages": [], "n": 2}
    asked = as_stream(Call(b"{}", fields, "m", "m", "id", stream=False))
    assert asked.stream
    assert json.loads(asked.body) == asked.fields
    assert asked.fields == {**fields, "stream": True, "stream_options": {"include_usage": True}}
    assert fields == {"model": "m", "messages": [], "n": 2}
