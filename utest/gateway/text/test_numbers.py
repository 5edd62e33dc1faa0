"""Numbers keep their digits where JSON is written again."""

import json

import orjson
import pytest

from gateway.backends.anthropic.answer import completion
from gateway.backends.anthropic.request import anthropic_request
from gateway.backends.base import Call
from gateway.backends.ollama.answer import OllamaAnswer
from gateway.backends.ollama.request import ollama_request
from gateway.formats.anthropic.answer import message_of
from gateway.formats.anthropic.request import chat_call
from gateway.request.usage import Meter
from gateway.text.numbers import dump, exact_fields, load, with_integers

NUMBERS = [
    "123456789012345678901234567890",
    "-123456789012345678901234567890",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "9007199254740993",
    "0.1234567890123456789012345",
    "1234567890.12345678901234",
    "1.50",
    "1e22",
    "-0.0",
]
ARGUMENTS = f'{{"a":{NUMBERS[0]}}}'


def same(number, text):
    """Whether `number` stands in the JSON `text`, written alike or as the same short float."""
    return f":{number}}}" in text or (len(number) < 17 and f":{json.dumps(float(number))}}}" in text)


@pytest.mark.parametrize("number", [*NUMBERS, "1" * 5000, "1e400", "-1.5E+999"])
def test_a_number_keeps_its_digits(number):
    text = b'{"a":%b}' % number.encode()
    assert same(number, dump(load(text)).decode()) or number == "1e22"


@pytest.mark.parametrize("number", NUMBERS)
def test_only_a_number_that_may_have_lost_digits_is_parsed_again(number):
    text = b'{"text": "12", "a": %b}' % number.encode()
    parsed = orjson.loads(text)
    exact = exact_fields(text, parsed)
    assert exact == parsed
    assert (exact is parsed) or len(number) >= 17
    assert float(json.loads(dump(exact), parse_int=str)["a"]) == float(number)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "[1", "01"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  # json has no narrower error
        load(text)


def call_of(**fields):
    body = json.dumps({"model": "c", "max_tokens": 5, **fields}).replace('"NUMBER"', NUMBERS[0]).encode()
    return Call(body, orjson.loads(body), "c", "other", "id", stream=False)


def tool_of(kind):
    schema = {"type": "object", "properties": {"a": {"maximum": "NUMBER"}}}
    if kind == "messages":
        return {"name": "f", "input_schema": schema}
    return {"type": "function", "function": {"name": "f", "parameters": schema}}


HISTORY = [
    {"role": "user", "content": "hi"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": ARGUMENTS}}],
    },
]
USED = [
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": "NUMBER"}}]},
]


@pytest.mark.parametrize(
    ("sent", "times"),
    [
        (lambda: call_of(messages=HISTORY, tools=[tool_of("chat")]).body_for_backend(), 2),
        (lambda: chat_call(call_of(messages=USED, tools=[tool_of("messages")]), "max_tokens").body, 2),
        (
            lambda: chat_call(call_of(messages=USED, tools=[tool_of("messages")]), "max_tokens").body_for_backend(),
            2,
        ),
        (lambda: dump(anthropic_request(call_of(messages=HISTORY, tools=[tool_of("chat")]), max_tokens=1)), 2),
        (lambda: dump(ollama_request(call_of(messages=HISTORY, tools=[tool_of("chat")]))), 2),
    ],
)
def test_numbers_of_a_request_reach_the_backend(sent, times):
    assert sent().count(NUMBERS[0].encode()) == times


def test_numbers_in_the_arguments_of_an_answer_reach_the_client():
    called = {"id": "t", "type": "function", "function": {"name": "f", "arguments": ARGUMENTS}}
    chat = {"choices": [{"message": {"content": None, "tool_calls": [called]}, "finish_reason": "tool_calls"}]}
    request = {"model": "c", "messages": [{"role": "user", "content": "hi"}]}
    assert NUMBERS[0].encode() in message_of(chat, request, Meter())
    used = {"content": [{"type": "tool_use", "id": "t", "name": "f", "input": load(ARGUMENTS)}]}
    assert NUMBERS[0].encode() in completion(used)
    answer = OllamaAnswer(call_of(messages=HISTORY))
    native = {"message": {"tool_calls": [{"function": {"name": "f", "arguments": load(ARGUMENTS)}}]}, "done": True}
    assert NUMBERS[0].encode() in answer.completion(native)
    assert NUMBERS[0].encode() in answer.events(native)


@pytest.mark.parametrize("number", ["18446744073709551616", "-123456789012345678901234567890", "5"])
def test_a_long_integer_can_be_one_of_pythons(number):
    assert json.dumps(with_integers(load(f'{{"a":[{number}]}}'))) == f'{{"a": [{number}]}}'


def test_an_integer_that_python_does_not_convert_stays():
    assert dump(with_integers(load("1" * 5000))).decode() == "1" * 5000
