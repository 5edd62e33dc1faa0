"""llama.cpp's text completions made OpenAI's."""

import asyncio
import json

import pytest

from gateway.backends.base import Call
from gateway.backends.llamacpp.text import TextEvents, check_text_parameters, join_text, text_request, translate_text
from gateway.errors.base import InvalidRequest
from gateway.operations import TEXT_COMPLETION
from gateway.request.usage import Usage

UP = {"token": " up", "logprob": -0.5}
ON = {"token": "on", "logprob": -1}


def called(*, stream=False, **fields):
    fields = {"model": "m", "prompt": "Once", "max_tokens": 4, **fields}
    return Call(json.dumps(fields).encode(), fields, "m", "m", "id", stream=stream, operation=TEXT_COMPLETION)


def event(index, text, finish=None, tokens=None, logprobs=None):
    choice = {"text": text, "index": index, "logprobs": logprobs and {"content": logprobs}, "finish_reason": finish}
    chunk = {"choices": [choice], "object": "text_completion", "id": "cmpl-1"}
    if tokens:
        chunk["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def data_of(blocks):
    return [json.loads(found.removeprefix(b"data: ")) for found in blocks.split(b"\n\n") if found]


def test_bytes_that_need_nothing_go_out_untouched():
    call = called()
    assert text_request(call) is call.body


def test_a_request_without_a_limit_gets_that_of_openai():
    assert json.loads(text_request(called(max_tokens=None)))["max_tokens"] == 16


@pytest.mark.parametrize(("asked", "sent"), [(0, 1), (1, 1), (5, 5)])
def test_the_chosen_tokens_log_probability_alone_is_asked_for_as_one(asked, sent):
    assert json.loads(text_request(called(logprobs=asked)))["logprobs"] == sent


@pytest.mark.parametrize("fields", [{"echo": True}, {"suffix": "end"}, {"best_of": 2}])
def test_what_llama_cpp_ignores_is_refused(fields):
    with pytest.raises(InvalidRequest) as refused:
        check_text_parameters(called(**fields))
    assert refused.value.param == next(iter(fields))


def test_log_probabilities_take_the_shape_of_text_completions():
    content = [{**UP, "top_logprobs": [UP, ON]}, {**ON, "top_logprobs": [ON]}]
    answer = json.dumps({"choices": [{"text": " upon", "logprobs": {"content": content}}]}).encode()
    logprobs = json.loads(translate_text(called(logprobs=1), answer))["choices"][0]["logprobs"]
    assert logprobs == {
        "tokens": [" up", "on"],
        "token_logprobs": [-0.5, -1],
        "top_logprobs": [{" up": -0.5}, {"on": -1}],
        "text_offset": [0, 3],
    }
    assert translate_text(called(), answer) is answer


def test_most_events_pass_as_they_are():
    block = event(0, " up") + event(0, "on")
    assert TextEvents(called(stream=True)).translate(block) is block


def test_the_tokens_of_all_choices_are_counted_and_each_prompt_once():
    call = called(stream=True, prompt=["a", "b"], n=2, stream_options={"include_usage": True})
    events = TextEvents(call)
    ends = b"".join(event(index, "", "stop", tokens=(3 + index // 2, 5)) for index in (2, 0, 3, 1))
    passed = data_of(events.translate(ends))
    assert all("usage" not in chunk for chunk in passed)
    (last,) = data_of(events.usage())
    assert (last["choices"], last["object"], last["id"]) == ([], "text_completion", "cmpl-1")
    assert last["usage"] == {"prompt_tokens": 7, "completion_tokens": 20, "total_tokens": 27}
    assert call.meter.reported == Usage(7, 20, "backend")


def test_usage_that_nobody_asked_for_is_only_counted():
    call = called(stream=True)
    events = TextEvents(call)
    events.translate(event(0, "", "stop", tokens=(3, 5)))
    assert events.usage() == b""
    assert call.meter.reported == Usage(3, 5, "backend")


def test_pieces_make_one_answer():
    call = called(prompt=["a", "b"], logprobs=1, stream_options={"include_usage": True})
    events = TextEvents(call)

    async def blocks():
        yield events.translate(event(1, "x", logprobs=[UP]) + event(0, "y", logprobs=[ON]))
        yield events.translate(event(1, "z", logprobs=[ON]) + event(1, "", "length", tokens=(1, 2)))
        yield events.translate(event(0, "", "stop", tokens=(1, 1)))
        yield events.usage()

    answer = json.loads(asyncio.run(join_text(blocks())))
    assert [choice["text"] for choice in answer["choices"]] == ["y", "xz"]
    assert [choice["finish_reason"] for choice in answer["choices"]] == ["stop", "length"]
    assert answer["choices"][1]["logprobs"]["tokens"] == [" up", "on"]
    assert answer["choices"][1]["logprobs"]["text_offset"] == [0, 3]
    assert answer["usage"]["total_tokens"] == 5
