"""Tool calls are assembled from their pieces."""

import json

import pytest

from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.openai.answer import read_answer
from keywords.engine.openai.stream import StreamAssembly
from keywords.engine.openai.tool_calls import tool_calls


def exchange(body):
    return Exchange("POST", "http://x", {}, b"", 0.0, status=200, chunks=[Chunk(0.0, body)])


def streamed(*pieces):
    events = [{"choices": [{"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}]} for piece in pieces]
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    whole = exchange(body + b"data: [DONE]\n\n")
    assembly = StreamAssembly()
    assembly.feed(whole.chunks[0])
    return assembly.answer(whole)


def piece(index, arguments="", **fields):
    name = fields.pop("name", None)
    return {"index": index, "function": {"arguments": arguments} | ({"name": name} if name else {}), **fields}


def test_a_plain_answer():
    calls = [{"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"b":1,"a":2}'}}]
    choice = {"index": 0, "message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}
    answer = read_answer(exchange(json.dumps({"choices": [choice]}).encode()))
    assert [str(call) for call in tool_calls(answer)] == ['add {"a": 2, "b": 1}']


def test_a_stream_of_two_calls():
    stream = streamed(
        piece(0, id="a", name="add"), piece(0, '{"a"'), piece(1, "{}", id="b", name="now"), piece(0, ": 1}")
    )
    assert [str(call) for call in tool_calls(stream)] == ['add {"a": 1}', "now {}"]
    assert [call.id for call in tool_calls(stream)] == ["a", "b"]


def test_arguments_that_are_no_json_are_seen():
    assert "no JSON" in str(tool_calls(streamed(piece(0, "{", id="a", name="add")))[0])


@pytest.mark.parametrize(
    "pieces",
    [
        [{"function": {"name": "add"}, "id": "a"}],
        [piece(0, id="a", name="add"), piece(0, name="add")],
        [piece(0, name="add")],
        [piece(0, "{}", id="a")],
    ],
)
def test_a_call_that_is_not_whole_is_an_error(pieces):
    with pytest.raises(ValueError, match="call"):
        tool_calls(streamed(*pieces))
