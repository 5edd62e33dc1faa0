"""The translation of a chat completion and a chat stream to Anthropic's message and events."""

import json

import pytest

from gateway.backends.anthropic.answer import WRONG_SHAPE
from gateway.formats.anthropic.answer import message_of
from gateway.formats.anthropic.stream import MessageStream
from gateway.request.usage import Meter

REQUEST = {"model": "c", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stop_sequences": ["END"]}
THINKS = {**REQUEST, "thinking": {"type": "adaptive"}}
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
UNKNOWN = {
    "cache_creation": None, "cache_creation_input_tokens": None, "cache_read_input_tokens": None,
    "inference_geo": None, "output_tokens_details": None, "server_tool_use": None, "service_tier": None,
}  # fmt: skip


def message(request=REQUEST, usage=USAGE, finish="stop", fields=None, meter=None, **choice):
    answer = {"role": "assistant", "content": "Hi", **(fields or {})}
    completion = {"id": "x1", "model": "inner", "choices": [{"message": answer, "finish_reason": finish, **choice}]}
    return json.loads(message_of(completion | ({"usage": usage} if usage else {}), request, meter or Meter()))


def test_a_plain_message():
    assert message() == {
        "id": "x1", "type": "message", "role": "assistant", "model": "inner",
        "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "stop_sequence": None,
        "stop_details": None, "container": None, "usage": {**UNKNOWN, "input_tokens": 7, "output_tokens": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("finish", "stop"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("something_new", "end_turn"),
        (None, "end_turn"),
    ],
)
def test_stop_reasons(finish, stop):
    assert message(finish=finish)["stop_reason"] == stop


def test_a_stop_sequence_is_named_if_the_backend_names_it():
    translated = message(stop_reason="END")
    assert (translated["stop_reason"], translated["stop_sequence"]) == ("stop_sequence", "END")
    assert message(stop_reason="other")["stop_reason"] == "end_turn"
    assert message(stop_reason=151645)["stop_reason"] == "end_turn"


def test_a_refusal_is_its_text():
    translated = message(fields={"content": None, "refusal": "No."})
    assert (translated["content"], translated["stop_reason"]) == ([{"type": "text", "text": "No."}], "refusal")


def test_cached_tokens_are_counted_separately():
    translated = message(usage={**USAGE, "prompt_tokens_details": {"cached_tokens": 5}})
    assert translated["usage"] == {
        **UNKNOWN, "input_tokens": 2, "output_tokens": 3, "cache_read_input_tokens": 5
    }  # fmt: skip


def test_an_estimate_where_the_backend_counted_nothing():
    translated = message(usage=None)["usage"]
    assert translated["input_tokens"] > 0
    assert sorted(translated) == sorted([*UNKNOWN, "input_tokens", "output_tokens"])


def test_the_ledger_shows_the_estimate_that_the_client_gets():
    meter = Meter()
    translated = message({**REQUEST, "system": "Answer in rhymes. " * 9}, usage=None, meter=meter)["usage"]
    assert (meter.reported.prompt_tokens, meter.reported.source) == (translated["input_tokens"], "estimate")


@pytest.mark.parametrize("details", [[5], {"cached_tokens": "5"}])
def test_details_of_another_shape_count_nothing(details):
    usage = {**USAGE, "prompt_tokens_details": details}
    counts = {**UNKNOWN, "input_tokens": 7, "output_tokens": 3}
    assert message(usage=usage)["usage"] == counts
    assert streamed(chunk("stop", usage=usage))[-1]["usage"] == counts


def test_tools_without_text():
    call = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    none = {"id": "t2", "type": "function", "function": {"name": "now", "arguments": ""}}
    assert message(fields={"content": None, "tool_calls": [call, none]}, finish="tool_calls")["content"] == [
        {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
        {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
    ]
    assert message(fields={"content": ""})["content"] == []


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_thoughts_are_sent_on_request_only(key):
    assert message(THINKS, fields={key: "hm"})["content"][0] == {"type": "thinking", "thinking": "hm", "signature": ""}
    assert len(message(fields={key: "hm"})["content"]) == 1


@pytest.mark.parametrize(
    "completion",
    [
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": {"content": 3}}]},
        {"choices": [{"message": {"content": None, "tool_calls": [{"id": "t", "function": {"arguments": "{}"}}]}}]},
        {"choices": [{"message": {"content": None, "tool_calls": [{"id": "t", "function": {"name": 1}}]}}]},
        {"choices": [{"message": {"content": None, "tool_calls": ["f"]}}]},
    ],
)
def test_an_answer_that_is_no_completion(completion):
    with pytest.raises(WRONG_SHAPE):
        message_of(completion, REQUEST, Meter())


def chunk(finish=None, index=0, usage=None, **delta):
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    body = {"id": "x1", "model": "inner", "choices": [choice]} | ({"usage": usage} if usage else {})
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def called(index=0, **fields):
    function = {name: fields.pop(name) for name in ("name", "arguments") if name in fields}
    return chunk(tool_calls=[{"index": index, **fields, "function": function}])


COUNTS = b'data: {"choices": [], "usage": ' + json.dumps(USAGE).encode() + b"}\n\n"
ROLE = chunk(role="assistant", content="")


def streamed(*blocks, request=REQUEST, meter=None):
    """The events, parsed; the name of each is its type."""
    meter = meter or Meter()
    stream = MessageStream(request, meter)
    data = b""
    for block in blocks:
        sent = stream.events(block)
        # As the request's middleware does.
        meter.note_block(sent)
        data += sent
    data += stream.ending()
    events = []
    for event in data.removesuffix(b"\n\n").split(b"\n\n"):
        name, body = event.split(b"\n")
        events.append(json.loads(body.removeprefix(b"data: ")))
        assert name == b"event: " + events[-1]["type"].encode()
    return events


def kinds(events):
    return [event["type"].removeprefix("content_").removeprefix("message_") for event in events]


def test_a_plain_stream():
    events = streamed(ROLE, chunk(content="Hi"), chunk(content=" you") + chunk("stop"), COUNTS)
    assert kinds(events) == ["start", "block_start", "block_delta", "block_delta", "block_stop", "delta"]
    assert events[0]["message"] == {
        "id": "x1", "type": "message", "role": "assistant", "model": "inner", "content": [], "stop_reason": None,
        "stop_sequence": None, "stop_details": None, "container": None,
        "usage": {**UNKNOWN, "input_tokens": 0, "output_tokens": 0},
    }  # fmt: skip
    assert events[1] == {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    assert events[3]["delta"] == {"type": "text_delta", "text": " you"}
    assert events[-1] == {
        "type": "message_delta", "usage": {**UNKNOWN, "input_tokens": 7, "output_tokens": 3},
        "delta": {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None, "container": None},
    }  # fmt: skip


def test_the_ledger_shows_the_same_counts():
    meter = Meter()
    streamed(ROLE, chunk("stop", content="Hi"), COUNTS, meter=meter)
    assert (meter.reported.prompt_tokens, meter.reported.completion_tokens, meter.reported.source) == (7, 3, "backend")
    meter = Meter()
    events = streamed(ROLE, chunk(content="one"), chunk("length", content=" two"), meter=meter)
    assert (meter.reported.completion_tokens, meter.reported.source) == (2, "estimate")
    assert events[-1]["usage"]["output_tokens"] == 2


def test_text_then_two_tools():
    events = streamed(
        ROLE, chunk(content="Hm"), called(0, id="t1", name="add", arguments=""), called(0, arguments='{"a"'),
        called(0, id="t1", arguments=": 1}"), called(1, id="t2", name="now", arguments="{}"), chunk("tool_calls"),
    )  # fmt: skip
    assert kinds(events) == [
        "start", "block_start", "block_delta", "block_stop", "block_start", "block_delta", "block_delta", "block_stop",
        "block_start", "block_delta", "block_stop", "delta",
    ]  # fmt: skip
    assert [event["index"] for event in events if "index" in event] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert events[4]["content_block"] == {"type": "tool_use", "id": "t1", "name": "add", "input": {}}
    assert events[6]["delta"] == {"type": "input_json_delta", "partial_json": ": 1}"}
    assert events[-1]["delta"]["stop_reason"] == "tool_use"


def test_two_tools_under_one_index():
    events = streamed(called(0, id="t1", name="a", arguments="{}"), called(0, id="t2", name="b", arguments="{}"))
    assert [event["content_block"]["id"] for event in events if "content_block" in event] == ["t1", "t2"]


def test_thoughts_come_before_the_text():
    blocks = chunk(reasoning="hm"), chunk(content="Hi"), chunk("stop")
    events = streamed(*blocks, request=THINKS)
    assert events[2]["delta"] == {"type": "thinking_delta", "thinking": "hm"}
    assert [event["content_block"]["type"] for event in events if "content_block" in event] == ["thinking", "text"]
    assert kinds(streamed(*blocks)) == ["start", "block_start", "block_delta", "block_stop", "delta"]


def test_a_refusal_in_a_stream():
    events = streamed(ROLE, chunk(refusal="No."), chunk("stop"))
    assert (events[2]["delta"]["text"], events[-1]["delta"]["stop_reason"]) == ("No.", "refusal")


def test_a_comment_is_a_ping_once_the_message_has_begun():
    assert kinds(streamed(b": wait\n\n", ROLE, b": wait\n\n", chunk("stop"))) == ["start", "ping", "delta"]


def test_other_choices_are_left_out():
    assert kinds(streamed(chunk(content="a", index=1), chunk("stop"))) == ["start", "delta"]


@pytest.mark.parametrize(
    "block",
    [
        b"data: {\n\n",
        b'data: {"choices": [3]}\n\n',
        chunk(content=3),
        chunk(["stop"]),
        called(1, arguments="more of a closed one"),
        called(0, id="t"),
        called(0, id="t", name=3),
    ],
)
def test_an_event_that_is_no_chunk(block):
    with pytest.raises(WRONG_SHAPE):
        MessageStream(REQUEST, Meter()).events(block)
