"""Text completions and embeddings of Ollama: each request and answer against its native formats."""

import base64
import json
import struct

import pytest

from gateway.backends.base import Call
from gateway.backends.ollama.embeddings import embed_request
from gateway.backends.ollama.text import generate_request
from gateway.errors.base import InvalidRequest
from gateway.operations import EMBEDDINGS, TEXT_COMPLETION

COMPLETIONS, VECTORS = "/v1/completions", "/v1/embeddings"
END = {"done": True, "done_reason": "length", "prompt_eval_count": 3, "eval_count": 2, "total_duration": 7}
UP = {"token": " up", "logprob": -0.5}
TOKENS = [{**UP, "top_logprobs": [UP, {"token": "?", "logprob": -2}]}]


def called(operation, *, strict=False, **fields):
    fields = {"model": "o", **fields}
    return Call(b"", fields, "o", "llama", "id", stream=False, operation=operation, strict=strict)


def generated(**fields):
    return generate_request(called(TEXT_COMPLETION, **{"prompt": "Once", **fields}))


def embedded(**fields):
    return embed_request(called(EMBEDDINGS, **{"input": "a", **fields}))


def line(text, **more):
    return json.dumps({"model": "llama", "response": text, "done": False, **more}).encode() + b"\n"


def test_a_prompt_goes_out_raw_and_whole():
    assert generated(max_tokens=5, stop="x", temperature=0, keep_alive=5) == {
        "model": "llama",
        "prompt": "Once",
        "stream": False,
        "raw": True,
        "truncate": False,
        "shift": False,
        "keep_alive": 5,
        "options": {"num_predict": 5, "stop": ["x"], "temperature": 0},
    }


def test_an_answer_without_a_limit_has_that_of_openai():
    assert generated()["options"] == {"num_predict": 16}


def test_a_suffix_needs_the_models_template():
    request = generated(suffix="end")
    assert (request["raw"], request["suffix"]) == (False, "end")


def test_log_probabilities_are_asked_for_in_ollamas_words():
    assert generated(logprobs=2).items() >= {"logprobs": True, "top_logprobs": 2}.items()


def test_one_prompt_in_a_list_is_one_prompt():
    assert generated(prompt=["Once"])["prompt"] == "Once"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"echo": True}, "echo"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1, 2]]}, "prompt"),
    ],
)
def test_what_generate_cannot_carry_is_refused(fields, param):
    with pytest.raises(InvalidRequest) as refused:
        generated(**fields)
    assert refused.value.param == param


def test_other_parameters_are_dropped_by_name():
    call = called(TEXT_COMPLETION, prompt="a", user="u", logit_bias={"1": 1}, echo=False, best_of=1)
    generate_request(call)
    assert list(call.dropped) == ["user", "logit_bias"]
    with pytest.raises(InvalidRequest):
        generated(strict=True, user="u")


def test_a_whole_completion_is_openais(client, backend):
    backend.answers({"model": "llama", "response": " upon", "logprobs": TOKENS, **END})
    response = client.post({"model": "o", "prompt": "Once", "logprobs": 1}, path=COMPLETIONS)
    assert backend.paths == ["/api/generate"]
    answer = response.json()
    assert answer["object"] == "text_completion"
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert answer["total_duration"] == 7
    logprobs = {"tokens": [" up"], "token_logprobs": [-0.5], "top_logprobs": [{" up": -0.5}], "text_offset": [0]}
    assert answer["choices"] == [{"index": 0, "text": " upon", "logprobs": logprobs, "finish_reason": "length"}]


def test_a_stream_of_completions_is_openais(client, backend):
    backend.streams(line(" up"), line("on"), line("", **END), kind="application/x-ndjson")
    request = {"model": "o", "prompt": "Once", "stream": True, "stream_options": {"include_usage": True}}
    events = client.post(request, path=COMPLETIONS).text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert [chunk["choices"][0]["text"] for chunk in chunks[:-1]] == [" up", "on", ""]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]] == [None, None, "length"]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"]) == ([], 2)
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}


@pytest.mark.parametrize(
    "answer",
    [
        {"message": {}},
        {"response": 5},
        {"response": "", "logprobs": [{"token": 5}]},
        {"response": "", "logprobs": [{"logprob": -1}]},
        {"response": "", "eval_count": "x"},
    ],
)
def test_a_wrong_generated_answer_is_the_backends_fault(client, backend, answer):
    backend.answers({"model": "llama", "done": True, **answer})
    response = client.post({"model": "o", "prompt": "Once", "logprobs": 0}, path=COMPLETIONS)
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


def test_texts_go_out_whole():
    assert embedded(input=["a", "b"], dimensions=8, encoding_format="base64") == {
        "model": "llama",
        "input": ["a", "b"],
        "dimensions": 8,
        "truncate": False,
    }


@pytest.mark.parametrize("given", [[1, 2], [[1], [2]]])
def test_ids_of_tokens_are_refused(given):
    with pytest.raises(InvalidRequest) as refused:
        embedded(input=given)
    assert refused.value.param == "input"


def test_vectors_are_openais(client, backend):
    backend.answers({"model": "llama", "embeddings": [[0.5, -1], [0.12345678901234567, 2]], "prompt_eval_count": 4})
    answer = client.post({"model": "o", "input": ["a", "b"]}, path=VECTORS).json()
    assert backend.paths == ["/api/embed"]
    assert answer == {
        "object": "list",
        "model": "llama",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, -1]},
            {"object": "embedding", "index": 1, "embedding": [0.12345678901234567, 2]},
        ],
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }


def test_vectors_are_packed_where_that_is_asked_for(client, backend):
    backend.answers({"model": "llama", "embeddings": [[0.5, -1]], "prompt_eval_count": 4})
    answer = client.post({"model": "o", "input": "a", "encoding_format": "base64"}, path=VECTORS).json()
    assert struct.unpack("<2f", base64.b64decode(answer["data"][0]["embedding"])) == (0.5, -1)


@pytest.mark.parametrize("vectors", [None, [], [[]], [[1], [2]], ["x"], [["x"]], [[1e300]], [[None]]])
def test_wrong_vectors_are_the_backends_fault(client, backend, vectors):
    backend.answers({"model": "llama", "embeddings": vectors})
    response = client.post({"model": "o", "input": "a"}, path=VECTORS)
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


def test_a_text_that_is_too_long_is_named(client, backend):
    backend.answers({"error": "the input length exceeds the context length"}, status=400)
    error = client.error(client.post({"model": "o", "input": "a"}, path=VECTORS))
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input")
    assert "Shorten the input" in error["message"]
