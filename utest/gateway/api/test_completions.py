"""Text completions: what passes, what is refused, and what is counted."""

import json
import socket

import pytest

from gateway.errors.base import InvalidRequest
from gateway.formats.openai.completion import TEXTS, CompletionRequest
from gateway.formats.problems import check
from gateway.operations import TEXT_COMPLETION, prompts_in

PATH = "/v1/completions"
WHOLE = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1700000000,
    "model": "m",
    "choices": [{"index": 0, "text": "Hello", "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    "x_unknown": {"kept": True},
}


def event(index, text, finish=None):
    choice = {"index": index, "text": text, "logprobs": None, "finish_reason": finish}
    return b"data: " + json.dumps({"object": "text_completion", "choices": [choice]}).encode() + b"\n\n"


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ""},
        {"prompt": None},
        {"prompt": ["a", ""]},
        {"prompt": [0, 5]},
        {"prompt": [[1], [2, 3]]},
        {"prompt": list(range(TEXTS + 1))},
        {"max_tokens": 0, "echo": True, "logprobs": 5},
        {"n": 2, "best_of": 3, "suffix": "end", "stop": ["a"]},
        {"stream": True, "stream_options": {"include_usage": True}, "n": 2, "best_of": 2},
        {"guided_choice": ["a"], "min_p": 0.1},
    ],
)
def test_every_right_shape_passes(fields):
    check({"model": "m", "prompt": "a", **fields}, CompletionRequest)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"prompt": ...}, "missing_required_parameter", "prompt"),
        ({"model": ...}, "missing_required_parameter", "model"),
        ({"prompt": 5}, "invalid_type", "prompt"),
        ({"prompt": {"a": 1}}, "invalid_type", "prompt"),
        ({"prompt": []}, "empty_array", "prompt"),
        ({"prompt": [[]]}, "empty_array", "prompt[0]"),
        ({"prompt": ["a", 1]}, "invalid_type", "prompt[1]"),
        ({"prompt": [1, "a"]}, "invalid_type", "prompt[1]"),
        ({"prompt": [1, True]}, "invalid_type", "prompt[1]"),
        ({"prompt": [-1]}, "integer_below_min_value", "prompt[0]"),
        ({"prompt": [[1], [2, 2.5]]}, "invalid_type", "prompt[1][1]"),
        ({"prompt": ["a"] * (TEXTS + 1)}, "array_above_max_length", "prompt"),
        ({"logprobs": 6}, "integer_above_max_value", "logprobs"),
        ({"logprobs": True}, "invalid_type", "logprobs"),
        ({"max_tokens": -1}, "integer_below_min_value", "max_tokens"),
        ({"best_of": 21, "n": 2}, "integer_above_max_value", "best_of"),
        ({"best_of": 1, "n": 2}, "invalid_value", "best_of"),
        ({"best_of": 2, "stream": True}, "invalid_value", "best_of"),
        ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
        ({"echo": 1}, "invalid_type", "echo"),
        ({"suffix": 1}, "invalid_type", "suffix"),
        ({"Prompt": "b"}, "ambiguous_key", "Prompt"),
    ],
)
def test_a_wrong_field_is_named(fields, code, param):
    body = {name: value for name, value in {"model": "m", "prompt": "a", **fields}.items() if value is not ...}
    with pytest.raises(InvalidRequest) as refused:
        check(body, CompletionRequest)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert f"'{param}'" in refused.value.message or param == "model"


@pytest.mark.parametrize(
    ("fields", "choices"),
    [
        ({"prompt": "a"}, 1),
        ({"prompt": None}, 1),
        ({"prompt": [1, 2, 3], "n": 2}, 2),
        ({"prompt": ["a", "b", "c"], "n": 2}, 6),
        ({"prompt": [[1], [2]]}, 2),
    ],
)
def test_each_prompt_has_its_choices(fields, choices):
    assert TEXT_COMPLETION.choices(fields) == choices


def test_ids_of_tokens_are_one_prompt():
    assert (prompts_in([1, 2]), prompts_in([[1, 2], [3]])) == (1, 2)


def test_bytes_pass_both_ways(client, backend):
    answer = json.dumps(WHOLE, indent=1).encode()
    backend.answers(raw=answer)
    body = b'{"model": "m",  "prompt": ["a", "b"], "x_new": 1}'
    response = client.post(body, path=PATH)
    assert (response.status_code, response.content) == (200, answer)
    assert (backend.bodies, backend.paths) == ([body], [PATH])
    assert response.headers["x-gateway-backend"] == "up"


def test_a_chat_completion_is_no_text_completions_answer(client, backend):
    backend.answers({"data": []})
    response = client.post({"model": "m", "prompt": "a"}, path=PATH)
    assert response.status_code == 502
    assert "no text completion" in client.error(response)["message"]


def test_a_stream_ends_when_every_prompt_is_finished(client, backend):
    backend.streams(event(0, "a"), event(1, "b"), event(0, "", "stop"), event(1, "", "length"), cut=True)
    response = client.post({"model": "m", "prompt": ["x", "y"], "stream": True}, path=PATH)
    assert response.text.endswith("data: [DONE]\n\n")
    assert "error" not in response.text


@pytest.mark.parametrize("pieces", [(b"data: null\n\n", event(0, "a")), (b"data: null\n\n" + event(0, "a"),)])
def test_the_null_that_a_server_begins_with_is_left_out(client, backend, pieces):
    backend.streams(*pieces, event(0, "", "stop"))
    response = client.post({"model": "m", "prompt": "x", "stream": True}, path=PATH)
    assert response.content == event(0, "a") + event(0, "", "stop") + b"data: [DONE]\n\n"


def test_a_stream_that_finishes_one_prompt_of_two_says_so(client, backend):
    backend.streams(event(0, "a"), event(1, "b"), event(0, "", "stop"), cut=True)
    response = client.post({"model": "m", "prompt": ["x", "y"], "stream": True}, path=PATH)
    assert '"backend_disconnected"' in response.text


def test_a_prompt_that_is_too_long_is_named(client, backend):
    error = {"code": 400, "type": "exceed_context_size_error", "message": "x", "n_prompt_tokens": 9, "n_ctx": 4}
    backend.answers({"error": error}, status=400)
    error = client.error(client.post({"model": "m", "prompt": "a"}, path=PATH))
    assert (error["code"], error["param"]) == ("context_length_exceeded", "prompt")
    assert "your prompt resulted in 9 tokens" in error["message"]


def test_a_backend_without_the_endpoint_is_passed_over(start_gateway, backend):
    backend.answers(WHOLE)
    with start_gateway(
        backends={
            "claude": {"kind": "anthropic", "base_url": backend.url},
            "up": {"kind": "openai", "base_url": f"{backend.url}/v1"},
        },
        models={
            "both": {"route": [{"backend": "claude"}, {"backend": "up", "model": "inner"}]},
            "claude": {"route": [{"backend": "claude"}]},
        },
    ) as client:
        assert client.post({"model": "both", "prompt": "a"}, path=PATH).headers["x-gateway-backend"] == "up"
        refused = client.post({"model": "claude", "prompt": "a"}, path=PATH)
    assert refused.status_code == 400
    error = client.error(refused)
    assert (error["code"], error["param"]) == ("unsupported_endpoint", "model")
    assert "'claude'" in error["message"]
    assert PATH in error["message"]
    assert "'both'" in error["message"]
    assert len(backend.bodies) == 1


def test_an_empty_body_is_told_of_the_prompt(client):
    assert "'prompt'" in client.error(client.post(b"", path=PATH))["message"]


def test_the_openapi_page_describes_completions(client):
    page = client.http.get("/openapi.json").json()
    assert "post" in page["paths"][PATH]
    assert page["components"]["schemas"]["CompletionRequest"]["required"] == ["model", "prompt"]


def test_a_client_that_leaves_takes_its_attempt_along(client, backend):
    backend.is_silent()
    body = json.dumps({"model": "m", "prompt": "a"}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\ncontent-type: application/json\r\n\r\n"
    with socket.create_connection((client.http.base_url.host, client.http.base_url.port), 5) as connection:
        connection.sendall(head.encode() + body)
        assert backend.called.wait(5)
    assert backend.closed.wait(5)
