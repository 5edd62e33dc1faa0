"""What the embedded model ignores is named, and the tokens of several choices are told once, after all of them."""

import json

import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp.backend import LlamaCppBackend
from gateway.backends.llamacpp.chat import ChoicesUsage, StreamEvents, check_chat_parameters
from gateway.backends.llamacpp.config import LlamaCppConfig
from gateway.errors.base import InvalidRequest

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def event(**chunk):
    return b"data: " + json.dumps({"id": "1", **chunk}, separators=(",", ":")).encode() + b"\n\n"


def stream(**fields):
    return ChoicesUsage(Call(b"", {"n": 2, **fields}, "m", "m", "id-1", stream=True))


def test_log_probabilities_in_a_stream_have_all_members_that_openai_requires():
    text = '"logprobs":{"content":[]'
    block = event(
        choices=[{"index": 0, "delta": {"content": text}, "logprobs": {"content": [{"token": text}]}}]
    ) + event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    chunk, last = [json.loads(line[6:]) for line in StreamEvents(0).translate(block).decode().split("\n\n") if line]
    assert chunk["choices"][0]["logprobs"] == {"content": [{"token": text}], "refusal": None}
    assert chunk["choices"][0]["delta"] == {"content": text}
    # OpenAI's document requires none in a stream.
    assert "logprobs" not in last["choices"][0]


def test_what_holds_no_count_passes_as_it_is():
    block = event(choices=[{"index": 0, "delta": {"content": "a"}}]) + b": comment\n\n"
    assert stream().translate(block) is block


def test_the_counts_of_all_choices_come_once_at_the_end():
    usages = stream(stream_options={"include_usage": True})
    content = event(choices=[{"index": 1, "delta": {"content": "a"}}])
    assert usages.translate(content + event(choices=[], usage=USAGE)) == content
    assert usages.translate(event(choices=[], usage=USAGE)) == b""
    last = json.loads(usages.usage().removeprefix(b"data: "))
    counts = {"prompt_tokens": 7, "completion_tokens": 6, "total_tokens": 13}
    assert last == {"id": "1", "choices": [], "usage": {**counts, "prompt_tokens_details": {"cached_tokens": 0}}}


def test_unasked_counts_are_only_noted():
    call = Call(b"", {"n": 2}, "m", "m", "id-1", stream=True)
    usages = ChoicesUsage(call)
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    timings = {"prompt_n": 5, "cache_n": 2, "predicted_n": 3}
    assert (
        usages.translate(event(choices=[choice], timings=timings))
        == b"data: " + json.dumps({"id": "1", "choices": [choice]}, separators=(",", ":")).encode() + b"\n\n"
    )
    assert usages.usage() == b""
    counted = call.meter.reported
    assert (counted.prompt_tokens, counted.completion_tokens, counted.cached_tokens) == (7, 3, 2)


NO_TOOLS = {"supports_tools": False, "supports_parallel_tool_calls": False, "supports_reasoning_effort": True}
TOOLS = [{"type": "function", "function": {"name": "add"}}]


@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("tool_choice", {"tools": TOOLS, "tool_choice": "required"}),
        ("tool_choice", {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "add"}}}),
        ("functions", {"functions": [{"name": "add"}]}),
        ("modalities", {"modalities": ["audio"]}),
    ],
)
def test_what_would_change_the_answer_is_refused(param, fields):
    with pytest.raises(InvalidRequest) as refused:
        check_chat_parameters(Call(b"", fields, "m", "m", "id-1", stream=False), NO_TOOLS)
    assert refused.value.param == param


def opening(index, **delta):
    return b"data: " + json.dumps({"choices": [{"index": index, "delta": delta}]}).encode() + b"\n\n"


def test_a_choice_that_begins_without_its_role_gets_it():
    events = StreamEvents(2)
    whole, bare = opening(1, role="assistant", content=None), opening(0, content="\U0001f609")
    assert events.translate(whole) == whole
    first, then = events.translate(bare + bare).split(b"\n\n")[:2]
    assert json.loads(first.removeprefix(b"data: "))["choices"][0]["delta"] == {
        "role": "assistant",
        "content": "\U0001f609",
    }
    assert then + b"\n\n" == bare
    assert events.translate(bare) is bare


def created(*times):
    return b"".join(b'data: {"choices":[],"created":%d}\n\n' % time for time in times)


def test_all_events_of_a_stream_have_the_first_ones_creation_time():
    events = StreamEvents(0)
    assert events.translate(b"data: {}\n\n") == b"data: {}\n\n"
    assert events.translate(created(7, 8)) == created(7, 7)
    said = b'data: {"text":"\\"created\\":9","created":9}\n\n'
    assert events.translate(said) == said.replace(b'"created":9}', b'"created":7}')


def test_events_without_choices_and_the_closing_mark_pass():
    events = StreamEvents(1)
    for event in (b'data: {"error":{"message":"no"}}\n\n', b"data: [DONE]\n\n"):
        assert events.translate(event) == event


def test_an_answer_carries_the_asked_name_and_its_text_is_left_alone():
    backend = LlamaCppBackend(LlamaCppConfig(), name="embedded", models=["m"])
    answer = json.dumps({"model": "m", "choices": [{"text": 'say "model":"m" please'}]}, separators=(",", ":")).encode()
    renamed = json.loads(backend._with_requested_model(answer, Call(b"", {}, "other", "other", "id", stream=False)))
    assert renamed == {"model": "other", "choices": [{"text": 'say "model":"m" please'}]}
    assert backend._with_requested_model(answer, Call(b"", {}, "m", "m", "id", stream=False)) is answer
