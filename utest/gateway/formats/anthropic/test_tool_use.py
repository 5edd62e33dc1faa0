"""Tool calls of a chat answer as blocks `tool_use`: the same in a whole answer and in a stream."""

import json

import pytest
from pydantic_core import from_json

from gateway.formats.anthropic.answer import message_of
from gateway.formats.anthropic.stream import MessageStream
from gateway.request.usage import Meter

REQUEST = {"model": "c", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stop_sequences": ["END"]}
MISSING = object()


def call(arguments="{}", call_id="t1", name="f", **fields):
    function = {"name": name} | ({} if arguments is MISSING else {"arguments": arguments})
    return ({} if call_id is MISSING else {"id": call_id}) | {"type": "function", "function": function, **fields}


def whole(calls, finish, **fields):
    """The message of a completion with the calls."""
    choice = {"message": {"role": "assistant", "content": None, "tool_calls": calls}, "finish_reason": finish, **fields}
    return json.loads(message_of({"id": "x", "choices": [choice]}, REQUEST, Meter()))


def chunk(finish=None, fields=None, **delta):
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **(fields or {})}]}


def joined(*chunks):
    """The message of a stream of chunks, put together as the package `anthropic` does it."""
    stream = MessageStream(REQUEST, Meter())
    wire = b"".join(stream.events(b"data: " + json.dumps(chunk).encode() + b"\n\n") for chunk in chunks)
    message, texts = {}, []
    for event in (wire + stream.ending()).decode().strip().split("\n\n"):
        data = json.loads(event.partition("\ndata: ")[2])
        match data["type"]:
            case "message_start":
                message = data["message"]
            case "content_block_start":
                message["content"].append(data["content_block"])
                texts.append("")
                assert data["index"] == len(texts) - 1
            case "content_block_delta":
                texts[data["index"]] += data["delta"].get("partial_json", "")
            case "message_delta":
                message |= data["delta"]
    for block, text in zip(message["content"], texts, strict=True):
        if text:
            block["input"] = from_json(text, allow_partial=True)
    return message


def streamed(calls, finish, **fields):
    """The message of a stream that has each call in one chunk."""
    chunks = [chunk(tool_calls=[{"index": index, **call}]) for index, call in enumerate(calls)]
    return joined(chunk(role="assistant"), *chunks, chunk(finish, fields))


both = pytest.mark.parametrize("answer", [whole, streamed])


@both
@pytest.mark.parametrize(
    ("finish", "calls", "expected"),
    [
        ("tool_calls", True, "tool_use"),
        ("stop", True, "tool_use"),
        ("function_call", True, "tool_use"),
        ("something_new", True, "tool_use"),
        ("", True, "tool_use"),
        (None, True, "tool_use"),
        ("length", True, "max_tokens"),
        ("content_filter", True, "refusal"),
        ("tool_calls", False, "end_turn"),
        ("stop", False, "end_turn"),
        ("something_new", False, "end_turn"),
        (None, False, "end_turn"),
    ],
)
def test_the_stop_reason_is_tool_use_exactly_where_a_tool_is_used(answer, finish, calls, expected):
    assert answer([call()] if calls else [], finish)["stop_reason"] == expected


@both
def test_a_stop_sequence_does_not_hide_the_use_of_a_tool(answer):
    assert answer([], "stop", stop_reason="END")["stop_sequence"] == "END"
    message = answer([call()], "stop", stop_reason="END")
    assert (message["stop_reason"], message["stop_sequence"]) == ("tool_use", None)


@both
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        (' {"a": "é"}\n', {"a": "é"}),
        ({"a": [1, None]}, {"a": [1, None]}),
        ({}, {}),
        ("", {}),
        (" \n", {}),
        ("null", {}),
        (" null ", {}),
        (None, {}),
        (MISSING, {}),
        ('{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
    ],
)
def test_the_input_of_a_tool(answer, arguments, expected):
    (block,) = answer([call(arguments)], "tool_calls")["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "f", expected)


@both
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"a": "b', {}),
        ('{"a": 1, "b": [2', {"a": 1, "b": [2]}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("{", {}),
        ("", {}),
        ("nul", {}),
    ],
)
def test_of_arguments_that_the_limit_cuts_off_the_complete_members_stay(answer, arguments, expected):
    message = answer([call(), call(arguments, "t2")], "length")
    assert (message["stop_reason"], message["content"][1]["input"]) == ("max_tokens", expected)


@pytest.mark.parametrize(
    "arguments", ['{"a": "b', "[1]", "[]", "NaN", '{"a": NaN}', "3", '"x"', '{"a": 1}{"b": 2}', "x" * 9]
)
def test_arguments_that_are_no_json_object_reach_the_client_as_text(arguments):
    (block,) = whole([call(arguments)], "tool_calls")["content"]
    assert block["input"] == {"INVALID_JSON": arguments}
    stream = MessageStream(REQUEST, Meter())
    stream.events(b"data: " + json.dumps(chunk(tool_calls=[call("")])).encode() + b"\n\n")
    event = stream.events(b"data: " + json.dumps(chunk(tool_calls=[call(arguments)])).encode() + b"\n\n")
    assert json.loads(event.partition(b"data: ")[2])["delta"]["partial_json"] == arguments


@both
@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        (["t1", "t2"], [True, True]),
        ([MISSING, MISSING], [False, False]),
        ([None, "t2"], [False, True]),
        (["", ""], [False, False]),
        (["t1", "t1"], [True, False]),
        ([5, 5], [False, False]),
        ([["t1"], "t1"], [False, True]),
    ],
)
def test_each_use_of_a_tool_has_an_id_of_its_own(answer, ids, kept):
    blocks = answer([call('{"a": 1}', call_id) for call_id in ids], "tool_calls")["content"]
    found = [block["id"] for block in blocks]
    assert len(set(found)) == len(ids)
    assert [new == old for new, old in zip(found, ids, strict=True)] == kept
    # Anthropic's form; 40 characters are what OpenAI takes.
    assert all(0 < len(new) <= 40 and new.replace("_", "").replace("-", "").isalnum() for new in found)
    assert [block["input"] for block in blocks] == [{"a": 1}] * len(ids)


@both
@pytest.mark.parametrize("call_id", ["functions.f:0", "call|1", "é", "a b"])
def test_an_id_gets_anthropics_form(answer, call_id):
    (block,) = answer([call(call_id=call_id)], "tool_calls")["content"]
    assert block["id"].startswith("toolu_b64_")
    assert block["id"].isascii()


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        # Calls without ids under one index.
        ([("", "f", '{"a": 1}'), ("", "g", '{"b": 2}')], [("f", {"a": 1}), ("g", {"b": 2})]),
        ([(None, "f", '{"a": 1}'), (None, "f", '{"a": 1}')], [("f", {"a": 1}), ("f", {"a": 1})]),
        ([("", "f", '{"a"'), ("", None, ": 1}"), ("", "g", "{}")], [("f", {"a": 1}), ("g", {})]),
        # A name or an id that stands in each fragment.
        ([("", "f", '{"a"'), ("", "f", ": 1}")], [("f", {"a": 1})]),
        ([("t", "f", '{"a"'), ("t", "f", ": 1}"), ("t", "f", "")], [("f", {"a": 1})]),
        # An id that comes late, or in the first fragment only.
        ([("", "f", '{"a"'), ("t", None, ": 1}")], [("f", {"a": 1})]),
        ([("t", "f", '{"a"'), (None, None, ": 1}")], [("f", {"a": 1})]),
        # Blank fragments and `null`.
        ([("t", "f", " "), ("t", None, "nu"), ("t", None, "ll")], [("f", {})]),
        ([("t", "f", "\n"), ("t", None, '{"a": '), ("t", None, "null}")], [("f", {"a": None})]),
    ],
)
def test_fragments_of_calls(fragments, expected):
    chunks = [
        chunk(tool_calls=[{"index": 0, "id": call_id, "function": {"name": name, "arguments": text}}])
        for call_id, name, text in fragments
    ]
    blocks = joined(*chunks, chunk("tool_calls"))["content"]
    assert [(block["name"], block["input"]) for block in blocks] == expected
