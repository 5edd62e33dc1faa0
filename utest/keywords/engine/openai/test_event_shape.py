"""The shape of events reads what parsing them reads, and leaves all else to it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keywords.engine.openai.event_shape import EventShape
from keywords.engine.openai.stream_events import StreamEvents


class Heard(StreamEvents):
    """All that an event says, in order."""

    def __init__(self):
        self.said = []

    def add_text(self, at_s, choice, field, text):  # noqa: ARG002  # one moment for all
        self.said.append((choice, field, text))

    def add_finish_reason(self, reason):
        self.said.append(("finish", reason))

    def add_role(self, role):
        self.said.append(("role", role))

    def add_tool_calls(self, at_s, calls):  # noqa: ARG002
        self.said.append(("calls", calls))


def parsed(event):
    """What the event says; None if it is no JSON object in UTF-8."""
    try:
        body = json.loads(event.decode())
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    heard = Heard()
    heard.read_body(body, 0.0)
    return [*heard.said, heard.usage, heard.error]


def chunk(delta, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    body = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]} | more
    return json.dumps(body, ensure_ascii=False).encode()


CHUNK = chunk({"content": " one"})


def test_an_event_of_the_same_shape_is_read_by_it():
    shape = EventShape.of(CHUNK)
    assert (shape.choice, shape.field) == (0, "content")
    assert shape.text_of(chunk({"content": " zwei, 三 🚀"})) == " zwei, 三 🚀"
    assert shape.as_read().text_of(b"data: " + CHUNK + b"\n\n") == " one"


@pytest.mark.parametrize(
    "event",
    [
        chunk({"content": "a"}, id="c-2"),
        chunk({"content": "a"}, created=2),
        chunk({"content": ""}),
        chunk({"content": 'a"b'}),
        chunk({"content": "a\nb"}),
        chunk({"content": "a\\b"}),
        chunk({"content": "a", "role": "assistant"}),
        chunk({"content": 'a"},"finish_reason":"stop'}),
        chunk({"reasoning_content": "a"}),
        chunk({}),
        CHUNK[:-1],
        CHUNK + b" ",
        CHUNK.replace(b" one", b"\xff"),
        CHUNK.replace(b" one", b'a","role":"assistant'),
        CHUNK.replace(b" one", b"a\tb"),
        b"",
    ],
)
def test_any_other_event_is_left_to_the_parser(event):
    assert EventShape.of(CHUNK).text_of(event) is None


@pytest.mark.parametrize(
    "event",
    [
        chunk({}),
        chunk({"content": "a", "role": "assistant"}),
        chunk({"content": "a", "reasoning_content": "b"}),
        chunk({"content": "a"}, usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}),
        chunk({"content": "a"}, error={"message": "m"}),
        chunk({"content": "a\nb"}),
        chunk({"content": "a"}).replace(b'"a"', b'"\\u0061"'),
        chunk({"content": "m"}),  # the model has the same bytes before it
        b'{"choices": [{"delta": {"content": "a", "content": "b"}}]}'.replace(b'"b"', b'"a"'),
        b'{"choices":\n[{"delta": {"content": "a"}}]}',
        b"[]",
        b"{",
    ],
)
def test_an_event_whose_text_has_no_proven_place_has_no_shape(event):
    assert EventShape.of(event) is None


FIELDS = st.sampled_from(["content", "reasoning_content", "reasoning", "refusal", "role", "other"])
VALUES = st.text(st.sampled_from('aB m,\\"\n\u00e9\u4e09\U0001f680'), max_size=4) | st.none() | st.integers(0, 3)
CHOICES = st.lists(
    st.fixed_dictionaries(
        {"delta": st.dictionaries(FIELDS, VALUES, max_size=3)},
        optional={
            "index": st.integers(0, 2),
            "text": VALUES,
            "finish_reason": st.sampled_from([None, "stop"]),
            "logprobs": st.none(),
        },
    ),
    max_size=2,
)
BODIES = st.fixed_dictionaries(
    {"choices": CHOICES},
    optional={
        "id": st.sampled_from(["a", "m"]),
        "model": st.sampled_from(["a", "m"]),
        "usage": st.sampled_from([None, {"completion_tokens": 1}]),
        "error": st.sampled_from([None, {"message": "m"}]),
    },
)
EVENTS = st.builds(
    lambda body, ascii_only, tight: json.dumps(
        body, ensure_ascii=ascii_only, separators=(",", ":") if tight else None
    ).encode(),
    BODIES,
    st.booleans(),
    st.booleans(),
)
INNER = st.binary(max_size=6) | st.text(max_size=4).map(lambda text: text.encode("utf-8", "replace"))


@given(EVENTS, INNER)
@example(chunk({"content": "a"}), b'","role":"b')
@example(chunk({"content": "a"}), b"\xed\xa0\x80")
def test_what_a_shape_reads_is_what_the_parser_reads(event, inner):
    shape = EventShape.of(event)
    if shape is None:
        return
    other = shape.head + inner + shape.tail
    for each in (event, other):
        text = shape.text_of(each)
        if text is not None:
            assert parsed(each) == [(shape.choice, shape.field, text), None, None]
            assert shape.as_read().text_of(b"data: " + each + b"\n\n") == text


@given(EVENTS, EVENTS)
def test_two_events_that_one_shape_reads_differ_in_their_text_alone(one, other):
    shape = EventShape.of(one)
    if shape is not None and (text := shape.text_of(other)) is not None:
        assert parsed(other) == [(shape.choice, shape.field, text), None, None]


def test_an_event_whose_head_and_tail_share_bytes_is_of_no_shape():
    shape = EventShape(0, "content", b'{"a":"', b'"a":"}')
    assert shape.text_of(b'{"a":"}') is None
    assert shape.text_of(b'{"a":"x"a":"}') == "x"
