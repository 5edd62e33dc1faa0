"""Half a character and a long number in one text: each survives the other."""

import json
import logging

import pytest

from gateway.backends.anthropic.answer import completion
from gateway.backends.http.refusal import refusal, refusal_from_event
from gateway.errors.base import BackendRejectedRequest
from gateway.formats.anthropic.answer import message_of
from gateway.formats.anthropic.errors import body_of
from gateway.formats.anthropic.stream import MessageStream
from gateway.logs.events import log_event
from gateway.request.estimate import streamed_tokens
from gateway.request.usage import Meter, Usage
from gateway.text.json_values import dump_whole, dump_with_halves, parse_json, parse_whole_json

LONG = ["123456789012345678901234567890", "0.1234567890123456789012345", "1e400", "1" * 5000]
HALVES = [r"\ud83d", r"a\udE00b", r"\ude00\ud83d", "\\ud83d"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("number", LONG)
@pytest.mark.parametrize("shape", ['{"t":"%s","n":%s}', '[{"t":["%s"]},{"n":%s}]', '{"%s":{"n":%s}}'])
def test_both_survive_in_one_text(shape, half, number):
    text = (shape % (half, number)).encode()
    for written in (
        dump_with_halves(parse_json(text)),
        dump_whole(parse_json(text)),
        dump_whole(parse_whole_json(text)),
        dump_whole(parse_whole_json(text, keep_digits=True)),
    ):
        assert number.encode() in written
        parse_json(written)
    assert b"\\u" not in dump_whole(parse_json(text))


def test_a_half_in_a_value_stays_where_halves_may_pass():
    assert dump_with_halves({"a": "x\ud83d", "b": 1}) == rb'{"a":"x\ud83d","b":1}'


def test_minus_infinity_beside_half_a_character_makes_valid_json():
    written = dump_with_halves(parse_json(rb'{"logprob":-Infinity,"token":"\ud83d"}'))
    assert json.loads(written, parse_constant=pytest.fail) == {"logprob": None, "token": "\ud83d"}


def test_a_long_number_is_kept_only_on_request_where_the_text_has_no_half():
    text = b'{"a":%b}' % LONG[0].encode()
    assert dump_whole(parse_whole_json(text, keep_digits=True)) == text


@pytest.mark.parametrize("text", [b"[" * 100_000, b'["\\ud83d",' + b"[" * 9000 + b"]" * 9001, b"", b"{", b"\xff"])
@pytest.mark.parametrize("parse", [parse_json, parse_whole_json])
def test_what_cannot_be_read_raises_one_kind_of_error(parse, text):
    with pytest.raises(ValueError, match=r"nests too deep|Expecting|decode byte"):
        parse(text)


def call_of(arguments):
    return {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (r'{"a":"\ud83d"}', '{"a":"�"}'),
        (r'{"a":"\ud83d","n":' + LONG[0] + "}", '{"a":"�","n":' + LONG[0] + "}"),
        (r'{"\ud83d":1}', '{"�":1}'),
        (r'["\ud83d"]', '"INVALID_JSON":"[\\"\\\\ud83d\\"]"'),
    ],
)
def test_arguments_with_half_a_character_make_a_whole_message(arguments, value):
    answer = {"choices": [{"message": {"tool_calls": [call_of(arguments)]}, "finish_reason": "tool_calls"}]}
    assert value.encode() in message_of(answer, {"model": "m", "messages": []}, Meter())


def event(delta, **fields):
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return b"data: " + json.dumps({**fields, "choices": [choice]}).encode() + b"\n\n"


@pytest.mark.parametrize(
    "chunk",
    [
        event({"content": "x"}, model="m\ud83d"),
        event({"content": "x"}, id="\ude00"),
        event({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f\ud83d", "arguments": ""}}]}),
        event({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"a": "\ud83d"}}}]}),
    ],
)
def test_half_a_character_anywhere_in_a_chunk_ends_no_stream(chunk):
    assert "�".encode() in MessageStream({"model": "m", "messages": []}, Meter()).events(chunk)


@pytest.mark.parametrize("arguments", [r'{"a":"\ud83d"}', '{"a":1e400}', '{"a":%s}' % ("1" * 5000)])
def test_a_call_with_unusual_arguments_ends_when_they_are_whole(arguments):
    stream = MessageStream({"model": "m", "messages": []}, Meter())
    stream.events(event({"tool_calls": [{"index": 0, **call_of(arguments)}]}))
    assert b"text_delta" in stream.events(event({"content": "after"}))


def test_a_long_number_beside_half_a_character_keeps_its_digits_before_chat():
    block = {
        "type": "tool_use",
        "id": "a",
        "name": "f",
        "input": parse_json(rb'{"t":"\ud83d","n":%b}' % LONG[0].encode()),
    }
    assert LONG[0].encode() in completion({"content": [block], "stop_reason": "tool_use"})


ERROR = {"error": {"message": "flagged: \ud83d", "type": "x\ude00", "code": "\ud83d", "param": "\ud83d"}}


@pytest.mark.parametrize(
    "error",
    [
        refusal("b", 400, {}, json.dumps(ERROR).encode(), str),
        refusal("b", 503, {}, json.dumps(ERROR).encode(), str),
        refusal_from_event("b", ERROR, str),
        refusal_from_event("b", {**ERROR, "status": 400}, str),
        refusal_from_event("b", "a\ud83d", str),
    ],
    ids=lambda error: error.code,
)
def test_a_refusal_with_half_a_character_can_be_written(error):
    assert "�" in error.message
    assert "�".encode() in error.event()
    assert "�".encode() in body_of(error, "r")
    log_event("attempt_failed", level=logging.INFO, reason=error.code)


def test_a_refusal_with_half_a_character_keeps_its_reason():
    error = refusal("b", 400, {}, json.dumps(ERROR).encode(), str)
    assert isinstance(error, BackendRejectedRequest)


def test_text_with_halves_of_characters_is_counted():
    sample = [event({"content": "abcdefgh\ud83d"})] * 10
    assert streamed_tokens(sample, 10, sum(map(len, sample))) >= 20


def test_the_usage_beside_half_a_character_is_read():
    meter = Meter()
    meter.note_block(
        rb'data: {"choices":[{"delta":{"content":"\ud83d"}}],"usage":{"prompt_tokens":3,"completion_tokens":5}}'
        b"\n\n"
    )
    assert meter.usage() == Usage(3, 5, "backend")
