"""Content blocks that are open at once: each event goes to the block, and to the tool call, that its index names."""

import json

import pytest

from gateway.backends.anthropic.answer import AnthropicStream, completion

START = {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {}}}
STOPPED = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}}


def begin(index, call_id):
    block = {"type": "tool_use", "id": call_id, "name": "f", "input": {}}
    return {"type": "content_block_start", "index": index, "content_block": block}


def more(index, text):
    delta = {"type": "input_json_delta", "partial_json": text}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index):
    return {"type": "content_block_stop", "index": index}


def text(index, part):
    return [
        {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": part}},
    ]


def without_index(events):
    return [{name: value for name, value in event.items() if name != "index"} for event in events]


def answer_of(*events):
    """The calls' arguments by id, and the text."""
    stream = AnthropicStream(include_usage=False)
    body = b"".join(stream.events(event, b"") for event in (START, *events, STOPPED))
    calls, content, ids = {}, "", {}
    for part in body.removesuffix(b"\n\n").split(b"\n\n"):
        delta = json.loads(part.removeprefix(b"data: "))["choices"][0]["delta"]
        content += delta.get("content") or ""
        for call in delta.get("tool_calls") or ():
            call_id = ids.setdefault(call["index"], call.get("id"))
            calls[call_id] = calls.get(call_id, "") + call["function"]["arguments"]
    return calls, content


A, B = '{"a": 1}', '{"b": 2}'
MIXED = {
    "one after the other": [begin(0, "a"), more(0, A), stop(0), begin(1, "b"), more(1, B), stop(1)],
    "both open": [begin(0, "a"), begin(1, "b"), more(0, A), more(1, B), stop(0), stop(1)],
    "by turns": [
        begin(0, "a"), more(0, '{"a"'), begin(1, "b"), more(1, '{"b"'), more(0, ": 1}"), more(1, ": 2}"), stop(1),
        stop(0),
    ],
    "the second ends first": [begin(0, "a"), begin(1, "b"), more(1, B), stop(1), more(0, A), stop(0)],
    "indexes with gaps": [begin(4, "a"), begin(7, "b"), more(4, A), more(7, B), stop(4), stop(7)],
    "no indexes": without_index([begin(0, "a"), more(0, A), stop(0), begin(1, "b"), more(1, B), stop(1)]),
    "indexes at the beginning alone": [
        begin(0, "a"), *without_index([more(0, A), stop(0)]), begin(1, "b"), *without_index([more(1, B), stop(1)]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("events", MIXED.values(), ids=MIXED)
def test_arguments_go_to_their_call(events):
    assert answer_of(*events) == ({"a": A, "b": B}, "")


def test_text_within_a_call_is_text():
    assert answer_of(begin(0, "a"), *text(1, "Hm"), more(0, A), stop(1), stop(0)) == ({"a": A}, "Hm")


def test_a_call_without_arguments_beside_another_has_an_empty_object():
    assert answer_of(begin(0, "a"), begin(1, "b"), more(1, B), stop(0), stop(1)) == ({"a": "{}", "b": B}, "")


def test_half_a_character_passes_escaped():
    stream = AnthropicStream(include_usage=False)
    stream.events(START, b"")
    begun, part = text(0, "a\ud83d")
    assert stream.events(begun, b"") == b""
    assert b'"content":"a\\ud83d"' in stream.events(part, b"")


def test_half_a_character_of_a_whole_answer_passes_escaped():
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "\ude00"}}
    answer = completion({"content": [{"type": "text", "text": "a\ud83d"}, call], "stop_reason": "end_turn"})
    assert b"a\\ud83d" in answer
    arguments = json.loads(answer)["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"a": "\ude00"}
