import json

import pytest
from assertionengine import AssertionOperator

from keywords.client.completions import CompletionsLibrary
from keywords.engine.openai import completions
from keywords.engine.openai.client import NotAnAnswer

EQUAL = AssertionOperator["=="]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def choice(index=0, text="OK", finish="stop", **more):
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish, **more}


def body(*choices, **more):
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": list(choices), **more}


GOOD = (body(choice(text="O", finish=None)), body(choice(text="K", finish=None)), body(choice(text="")))


@pytest.fixture
def library():
    return CompletionsLibrary()


def test_a_completion_is_asked_for_and_read(library, gateway):
    gateway.answers(200, json=body(choice(), usage=USAGE))
    answer = library.ask_for_completion("a", "b", max_tokens=None, n=2, extra={"best_of": 3})
    assert (answer.text, answer.finish_reason, answer.usage.total_tokens) == ("OK", "stop", 5)
    assert gateway.bodies == [{"model": "model-a", "prompt": ["a", "b"], "n": 2, "best_of": 3}]
    assert gateway.asked[0].url.path == "/v1/completions"
    library.answer_should_be_a_complete_text_completion(answer)
    gateway.answers(200, json={"data": []})
    with pytest.raises(NotAnAnswer, match="a text completion"):
        library.ask_for_completion("a")


def test_a_prompt_may_be_given_as_the_ids_of_its_tokens(library, gateway):
    gateway.answers(200, json=body(choice(), usage=USAGE))
    library.ask_for_completion(extra={"prompt": [[1, 2], [3]]})
    gateway.streams(*GOOD, "[DONE]")
    library.stream_completion(extra={"prompt": [4]})
    assert [sent["prompt"] for sent in gateway.bodies] == [[[1, 2], [3]], [4]]


@pytest.mark.parametrize(
    ("wrong", "defect"),
    [
        (body(choice(), choice(), usage=USAGE), "must be an array of 1"),
        (body(choice(index=1), usage=USAGE), "index must be 0"),
        (body(choice(finish=None), usage=USAGE), "finish_reason is None"),
        (body({"index": 0, "text": "a", "finish_reason": "stop"}, usage=USAGE), "logprobs is missing"),
        (body(choice(text=None), usage=USAGE), "text must be a text"),
        (body(choice()), "usage must be an object"),
        (body(choice(), usage=USAGE) | {"object": "chat.completion"}, "object must be 'text_completion'"),
        (None, "must be an object"),
    ],
)
def test_each_defect_of_a_completion_is_named(wrong, defect):
    assert defect in "; ".join(completions.completion_defects(wrong, 1))


def test_a_proper_stream_has_no_defect(library, gateway):
    gateway.streams(*GOOD, body(usage=USAGE), "[DONE]")
    stream = library.stream_completion("Hello", include_usage=True)
    library.text_stream_should_be_closed_properly(stream)
    assert (stream.text, stream.finish_reasons, stream.usage.total_tokens) == ("OK", ["stop"], 5)
    assert gateway.bodies[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("events", "defect"),
    [
        ((*GOOD[:2], "[DONE]"), "each of 1 choices must have one finish reason"),
        ((*GOOD, GOOD[2], "[DONE]"), "each of 1 choices must have one finish reason"),
        ((*GOOD, GOOD[0], "[DONE]"), "text after its finish reason"),
        ((*GOOD, body(usage=USAGE), "[DONE]"), "not asked for"),
        ((*GOOD[:2], body(choice(text=""), usage=USAGE), "[DONE]"), "belongs into an event of its own"),
        (("null", *GOOD, "[DONE]"), "is not an object"),
        (GOOD, "[DONE] must come exactly once"),
        ((*GOOD, {"error": {"message": "x"}}, "[DONE]"), "an error event came"),
    ],
)
def test_each_defect_of_a_stream_is_named(library, gateway, events, defect):
    gateway.streams(*events)
    with pytest.raises(AssertionError) as raised:
        library.text_stream_should_be_closed_properly(library.stream_completion("Hello"))
    assert defect in str(raised.value)


def test_the_tokens_of_a_text_are_joined(library, gateway):
    logprobs = {"tokens": ["O", "K"], "token_logprobs": [-1, -2], "top_logprobs": [{}, {}], "text_offset": [0, 1]}
    gateway.answers(200, json=body(choice(logprobs=logprobs)))
    assert library.get_tokens_of_text(library.ask_for_completion("a"), EQUAL, "OK") == "OK"
    gateway.answers(200, json=body(choice(logprobs={"content": [{"token": "OK"}]})))
    with pytest.raises(AssertionError, match="shape of text completions"):
        library.get_tokens_of_text(library.ask_for_completion("a"))


def test_the_body_of_a_request_is_json(gateway):
    assert json.loads(completions.request(gateway.client, [1, 2], stop=None)) == {"model": "model-a", "prompt": [1, 2]}
