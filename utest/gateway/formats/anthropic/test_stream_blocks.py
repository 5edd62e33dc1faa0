"""However a chat stream mixes its parts, the blocks of the message come whole and one after the other."""

import json
import random

import pytest

from gateway.backends.anthropic.answer import WRONG_SHAPE
from gateway.formats.anthropic.stream import MessageStream
from gateway.request.usage import Meter
from gateway.text.sse import EVENT_LIMIT

REQUEST = {"model": "c", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
THINKS = {**REQUEST, "thinking": {"type": "adaptive"}}


def event(value, name=""):
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n"


def chunk(finish=None, **delta):
    return event({"id": "x1", "model": "inner", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def call(index, arguments=None, **fields):
    name = fields.pop("name", None)
    function = ({"name": name} if name else {}) | ({} if arguments is None else {"arguments": arguments})
    return {"index": index, **fields, "function": function}


def calls(*fragments):
    return chunk(tool_calls=list(fragments))


def begin(index, call_id, arguments="", name="f"):
    return calls(call(index, arguments, id=call_id, name=name))


def more(index, arguments, **fields):
    return calls(call(index, arguments, **fields))


def blocks_of(*events, request=REQUEST):
    """Each block as its type or its call's id, and its text; after a check of Anthropic's order."""
    stream = MessageStream(request, Meter())
    body = b"".join(stream.events(each) for each in events) + stream.ending()
    blocks, is_open = [], False
    for part in body.removesuffix(b"\n\n").split(b"\n\n"):
        parsed = json.loads(part.partition(b"\ndata: ")[2])
        if parsed["type"] == "content_block_start":
            assert (is_open, parsed["index"]) == (False, len(blocks))
            is_open = True
            blocks.append([parsed["content_block"].get("id", parsed["content_block"]["type"]), ""])
        elif parsed["type"] == "content_block_delta":
            assert (is_open, parsed["index"]) == (True, len(blocks) - 1)
            kind = parsed["delta"]["type"]
            blocks[-1][1] += parsed["delta"][
                {"text_delta": "text", "thinking_delta": "thinking"}.get(kind, "partial_json")
            ]
        elif parsed["type"] == "content_block_stop":
            assert (is_open, parsed["index"]) == (True, len(blocks) - 1)
            is_open = False
    assert not is_open
    return [tuple(block) for block in blocks]


A, B = '{"a": 1}', '{"b": 2}'
MIXED = {
    "both begin, then both go on": [begin(0, "a"), begin(1, "b"), more(0, A), more(1, B)],
    "fragments by turns": [
        begin(0, "a"), begin(1, "b"), more(0, '{"a"'), more(1, '{"b"'), more(0, ": 1}"), more(1, ": 2}"),
    ],
    "the second is whole first": [begin(0, "a"), begin(1, "b", B), more(0, '{"a": '), more(0, "1}")],
    "in one chunk": [calls(call(0, "", id="a", name="f"), call(1, "", id="b", name="f")),
                     calls(call(0, A), call(1, B))],
    "ids in every fragment": [
        begin(0, "a"), begin(1, "b"), more(0, A, id="a"), more(1, B, id="b"),
    ],
    "one index, told apart by ids": [
        begin(0, "a"), begin(0, "b"), more(0, A, id="a"), more(0, B, id="b"),
    ],
    "one after the other": [begin(0, "a"), more(0, A), begin(1, "b"), more(1, B)],
    "whole at once": [begin(0, "a", A), begin(1, "b", B)],
    "a blank after the whole": [begin(0, "a", A), begin(1, "b", B), more(0, "\n")],
}  # fmt: skip


@pytest.mark.parametrize("events", MIXED.values(), ids=MIXED)
def test_fragments_of_two_calls(events):
    assert blocks_of(*events, chunk("tool_calls")) == [("a", A), ("b", B)]


def test_a_call_without_arguments_keeps_the_others_until_the_end():
    assert blocks_of(begin(0, "a"), begin(1, "b", B), begin(2, "c", A)) == [("a", ""), ("b", B), ("c", A)]


@pytest.mark.parametrize("text", [" ", "Well,"])
def test_text_between_the_fragments_of_a_call_comes_after_it(text):
    events = begin(0, "a", '{"a"'), chunk(content=text), chunk(content="!"), more(0, ": 1}"), chunk("tool_calls")
    assert blocks_of(*events) == [("a", A), ("text", text + "!")]


def test_text_between_two_calls_keeps_its_place():
    events = chunk(content="x"), begin(0, "a"), chunk(content="y"), begin(1, "b", B), more(0, A), chunk(content="z")
    assert blocks_of(*events) == [("text", "x"), ("a", A), ("text", "y"), ("b", B), ("text", "z")]


def test_thoughts_between_the_fragments_of_a_call_come_after_it():
    events = begin(0, "a", '{"a"'), chunk(reasoning="hm"), more(0, ": 1}"), chunk("tool_calls")
    assert blocks_of(*events, request=THINKS) == [("a", A), ("thinking", "hm")]
    assert blocks_of(*events) == [("a", A)]


def test_the_first_call_is_not_held_back():
    stream = MessageStream(REQUEST, Meter())
    assert b"tool_use" in stream.events(begin(0, "a"))
    assert b"tool_use" not in stream.events(begin(1, "b"))
    assert b"input_json_delta" in stream.events(more(0, '{"a"'))
    # The second follows as soon as the first is whole.
    assert b'"id":"b"' in stream.events(more(0, ": 1}"))
    assert b"input_json_delta" in stream.events(more(1, "{"))


def test_drawn_mixtures_of_five_calls():
    draw = random.Random(7)
    whole = [json.dumps({f"k{number}": "}{" * number, "n": [number] * number}) for number in range(5)]
    for _ in range(200):
        pieces = [[text[at : at + 3] for at in range(0, len(text), 3)] for text in whole]
        events, opened = [], 0
        while opened < len(whole) or any(pieces):
            index = draw.randrange(len(whole))
            if index == opened:
                events.append(begin(index, f"c{index}"))
                opened += 1
            elif index < opened and pieces[index]:
                events.append(more(index, pieces[index].pop(0)))
        assert blocks_of(*events) == [(f"c{number}", text) for number, text in enumerate(whole)]


@pytest.mark.parametrize("late", ['{"c": 3}', "x"])
def test_arguments_after_a_whole_call_are_no_part_of_it(late):
    with pytest.raises(WRONG_SHAPE):
        blocks_of(begin(0, "a", A), begin(1, "b", B), more(0, late))


def test_what_is_held_back_is_bounded():
    with pytest.raises(WRONG_SHAPE):
        blocks_of(begin(0, "a"), begin(1, "b"), *[more(1, "x" * (EVENT_LIMIT // 4))] * 5)


# ---- halves of characters: a server may cut its text by UTF-16 units

FACE = "\U0001f600"
HIGH, LOW = "\ud83d", "\ude00"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["a" + HIGH, LOW + "b"], f"a{FACE}b"),
        ([HIGH, LOW], FACE),
        (["a" + HIGH, "b"], "a\ufffdb"),
        (["a" + LOW, "b"], "a\ufffdb"),
        (["a" + HIGH], "a\ufffd"),
        ([HIGH, HIGH, LOW], f"\ufffd{FACE}"),
        ([HIGH + LOW], FACE),
        ([LOW + HIGH, LOW], f"\ufffd{FACE}"),
        (["é", "ü" + HIGH, LOW], f"éü{FACE}"),
    ],
)
def test_halves_of_characters_are_joined_or_replaced(parts, text):
    assert blocks_of(*[chunk(content=part) for part in parts], chunk("stop")) == [("text", text)]
    thoughts = [chunk(reasoning_content=part) for part in parts]
    assert blocks_of(*thoughts, chunk("stop"), request=THINKS) == [("thinking", text)]
    arguments = [begin(0, "a", '{"a": "'), *[more(0, part) for part in parts], more(0, '"}')]
    assert blocks_of(*arguments) == [("a", f'{{"a": "{text}"}}')]


def test_half_a_character_stays_in_its_block():
    events = chunk(content="a" + HIGH), begin(0, "a", A), chunk(content=LOW)
    assert blocks_of(*events) == [("text", "a\ufffd"), ("a", A), ("text", "\ufffd")]


def test_impossible_log_probabilities_are_no_matter():
    answer = chunk(content="Yes").replace(
        b'"finish_reason"', b'"logprobs": {"content": [-Infinity, NaN]}, "finish_reason"'
    )
    assert blocks_of(answer, chunk("stop")) == [("text", "Yes")]


# ---- chunks without choices

USAGE = {"prompt_tokens": 7, "completion_tokens": 3}


@pytest.mark.parametrize(
    "extra",
    [
        event({"usage": USAGE}),
        event({"choices": None, "usage": USAGE}),
        event({"choices": [], "usage": USAGE}),
        event({"choices": {}, "usage": USAGE}),
        event({"id": "other", "model": "other", "usage": USAGE}),
        event({}) + event({"usage": USAGE}),
        event(None) + event({"usage": USAGE}),
        event({}, "ping") + event({"usage": USAGE}),
        b"event: ping\ndata: ping\n\n" + event({"usage": USAGE}),
        event([]) + event(3) + event("x") + event({"usage": USAGE}),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_chunk_without_choices_gives_its_usage_and_no_more(extra, place):
    events = [chunk(content="Yes"), chunk("stop")]
    events.insert(place, extra)
    stream = MessageStream(REQUEST, Meter())
    body = b"".join(stream.events(each) for each in events) + stream.ending()
    parsed = [json.loads(part.partition(b"\ndata: ")[2]) for part in body.removesuffix(b"\n\n").split(b"\n\n")]
    kinds = [each["type"] for each in parsed if each["type"] != "ping"]
    assert kinds == [
        "message_start",
        *(f"content_block_{kind}" for kind in ("start", "delta", "stop")),
        "message_delta",
    ]
    counts = {name: count for name, count in parsed[-1]["usage"].items() if count is not None}
    assert counts == {"input_tokens": 7, "output_tokens": 3}
    assert (parsed[0]["message"]["id"], parsed[0]["message"]["model"]) == ("x1", "inner")
