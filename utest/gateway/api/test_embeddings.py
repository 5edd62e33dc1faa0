"""Embeddings: what passes, what is refused, and what is counted."""

import json

import pytest

from gateway.backends.openai import backend as openai
from gateway.backends.openai import large_answer
from gateway.errors.base import InvalidRequest
from gateway.formats.openai.completion import TEXTS
from gateway.formats.openai.embeddings import EmbeddingsRequest
from gateway.formats.problems import check
from gateway.request.usage import Usage

PATH = "/v1/embeddings"
VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
    "model": "m",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "a"},
        {"input": ["a", "b"]},
        {"input": [1, 2]},
        {"input": [[1], [2]]},
        {"input": ["a"] * TEXTS},
        {"input": [[1]] * TEXTS},
        # A text of OpenAI's models has up to 8192 tokens; of others more.
        {"input": list(range(3000))},
        {"input": [1] * 8192},
        {"input": [[1] * 8191, [2] * 8192]},
        {"input": [[1] * 32_768]},
        {"encoding_format": "base64", "dimensions": 8, "user": "u"},
        {"input_type": "query", "truncate": "END"},
    ],
)
def test_every_right_shape_passes(fields):
    check({"model": "m", "input": "a", **fields}, EmbeddingsRequest)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"input": ...}, "missing_required_parameter", "input"),
        ({"input": None}, "invalid_type", "input"),
        ({"input": 5}, "invalid_type", "input"),
        ({"input": ""}, "empty_string", "input"),
        ({"input": []}, "empty_array", "input"),
        ({"input": ["a", ""]}, "empty_string", "input[1]"),
        ({"input": ["a", 1]}, "invalid_type", "input[1]"),
        ({"input": [1.5]}, "invalid_type", "input[0]"),
        ({"input": [[1], []]}, "empty_array", "input[1]"),
        ({"input": ["a"] * (TEXTS + 1)}, "array_above_max_length", "input"),
        ({"input": [[1]] * (TEXTS + 1)}, "array_above_max_length", "input"),
        ({"input": [1] * TEXTS + ["a"]}, "invalid_type", f"input[{TEXTS}]"),
        ({"input": [[1] * TEXTS + [-1]]}, "integer_below_min_value", f"input[0][{TEXTS}]"),
        ({"dimensions": 0}, "integer_below_min_value", "dimensions"),
        ({"dimensions": "8"}, "invalid_type", "dimensions"),
        ({"encoding_format": "hex"}, "invalid_value", "encoding_format"),
    ],
)
def test_a_wrong_field_is_named(fields, code, param):
    body = {name: value for name, value in {"model": "m", "input": "a", **fields}.items() if value is not ...}
    with pytest.raises(InvalidRequest) as refused:
        check(body, EmbeddingsRequest)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert f"'{param}'" in refused.value.message


def test_bytes_pass_both_ways(client, backend):
    answer = json.dumps(VECTORS, indent=1).encode()
    backend.answers(raw=answer)
    body = b'{"model": "m",  "input": ["a"], "input_type": "query"}'
    response = client.post(body, path=PATH)
    assert (response.status_code, response.content) == (200, answer)
    assert (backend.bodies, backend.paths) == ([body], [PATH])


def test_nobody_can_ask_for_a_stream(client, backend):
    backend.answers(VECTORS)
    response = client.post({"model": "m", "input": "a", "stream": True}, path=PATH)
    assert response.headers["content-type"] == "application/json"
    assert response.json() == VECTORS


@pytest.mark.usefixtures("backend")
def test_a_chat_completion_is_no_answer_to_a_request_for_embeddings(client):
    response = client.post({"model": "m", "input": "a"}, path=PATH)
    assert response.status_code == 502
    assert "no list of embeddings" in client.error(response)["message"]


def many(*, usage_first=False):
    usage = {"usage": {"prompt_tokens": 7, "total_tokens": 7, "prompt_tokens_details": None}}
    data = [{"object": "embedding", "index": index, "embedding": [0.123456789] * 500} for index in range(80)]
    rest = {"object": "list", "model": "m", "data": data}
    return json.dumps({**usage, **rest} if usage_first else {**rest, **usage}).encode()


@pytest.mark.parametrize("usage_first", [False, True])
def test_many_vectors_pass_unparsed_and_are_counted(client, backend, monkeypatch, usage_first):
    answer = many(usage_first=usage_first)
    assert len(answer) > large_answer.LARGE
    backend.answers(raw=answer)
    parsed = []
    monkeypatch.setattr(openai, "parse_whole_json", parsed.append)
    response = client.post({"model": "m", "input": "a"}, path=PATH)
    assert (response.status_code, response.content, parsed) == (200, answer, [])
    assert large_answer.usage_at_edges(answer) == Usage(7, 0, "backend")


@pytest.mark.parametrize("raw", [many()[:-3], b"[" + many() + b"]", b'"' + b"a" * large_answer.LARGE + b'"'])
def test_a_large_answer_that_is_no_list_of_vectors_does_not_pass(client, backend, raw):
    backend.answers(raw=raw)
    response = client.post({"model": "m", "input": "a"}, path=PATH)
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


def test_usage_that_is_no_count_is_not_believed():
    assert large_answer.usage_at_edges(b'{"data": [], "usage": {"prompt_tokens": "7"}}') is None
    assert large_answer.usage_at_edges(b'{"data": [], "usage": {"prompt_tokens": 7,}}') is None
    assert large_answer.usage_at_edges(b'{"data": []}') is None
