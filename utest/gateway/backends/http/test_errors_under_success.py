"""Errors under a 2xx, beside an answer or within it; and answers under any 2xx."""

import json

import pytest

from gateway.backends.http.refusal import refusal_from_event

ANSWER = {"id": "c", "object": "chat.completion", "model": "m", "created": 1}
GOOD = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
EMPTY = {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": None}
KINDS = ("openai", "ollama", "anthropic", "azure", "nim")
RATE = {"code": 429, "message": "slow down"}

FAILED = {
    "beside an empty choice": ({**ANSWER, "choices": [EMPTY], "error": RATE}, 429),
    "beside no choice": ({**ANSWER, "choices": [], "error": RATE}, 429),
    "beside a good choice": ({**ANSWER, "choices": [GOOD], "error": RATE}, 429),
    "within the choice": ({**ANSWER, "choices": [{**EMPTY, "error": RATE, "finish_reason": "error"}]}, 429),
    "within the second choice": ({**ANSWER, "choices": [GOOD, {**GOOD, "index": 1, "error": RATE}]}, 429),
    "the finish reason alone": ({**ANSWER, "choices": [{**GOOD, "finish_reason": "error"}]}, 502),
    "a text": ({**ANSWER, "choices": [], "error": "boom"}, 502),
    "an overload": ({**ANSWER, "choices": [EMPTY], "error": {"type": "overloaded_error", "message": "x"}}, 503),
}


@pytest.mark.parametrize(("answer", "status"), FAILED.values(), ids=FAILED)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/completions"])
def test_an_error_beside_or_in_the_choices_is_no_answer(client, backend, answer, status, path):
    backend.answers(answer)
    question = {"prompt": "hi"} if path == "/v1/completions" else {"messages": [{"role": "user", "content": "hi"}]}
    response = client.post({"model": "m", "max_tokens": 9, **question}, path=path)
    assert response.status_code == (529 if (status, path) == (503, "/v1/messages") else status)


@pytest.mark.parametrize(("answer", "status"), FAILED.values(), ids=FAILED)
def test_so_is_one_in_a_stream(client, backend, answer, status):
    choices = [{"index": 0, "delta": {}, **choice} for choice in answer["choices"]]
    backend.streams(b"data: " + json.dumps({**answer, "choices": choices}).encode() + b"\n\n")
    assert client.chat(stream=True).status_code == status


@pytest.mark.parametrize("error", [None, {}, "", False, []])
def test_an_empty_error_is_none(client, backend, error):
    backend.answers({**ANSWER, "choices": [{**GOOD, "error": error}], "error": error})
    assert client.chat().json()["choices"][0]["message"]["content"] == "Hello"


def test_the_next_backend_is_asked_after_an_error_beside_choices(start_gateway, backend):
    backend.answers({**ANSWER, "choices": [EMPTY], "error": RATE})
    good = backend.script

    async def script(request):
        answer = await good(request)
        if request.path.startswith("/b/"):
            answer.body = json.dumps({**ANSWER, "choices": [GOOD]}).encode()
        return answer

    backend.script = script
    with start_gateway(
        backends={name: {"kind": "openai", "base_url": f"{backend.url}/{name}"} for name in "ab"},
        models={"m": {"route": [{"backend": "a"}, {"backend": "b"}]}},
    ) as client:
        assert client.chat().headers["x-gateway-backend"] == "b"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"error": {"code": "429"}}, 429),
        ({"error": {"code": 429}}, 429),
        ({"error": {"status": "429", "message": "x"}}, 429),
        ({"error": {"status_code": "503", "message": "x"}}, 503),
        ({"error": {"statusCode": 429}}, 429),
        ({"error": {"http_status": "404", "message": "x"}}, 404),
        ({"error": {"error_code": 422, "message": "x"}}, 422),
        ({"error": {"message": "x"}, "status": 429}, 429),
        ({"error": "slow down", "code": 429}, 429),
        ({"error": "slow down", "status_code": "429"}, 429),
        ({"error": "Model is overloaded", "error_type": "overloaded"}, 429),
        ({"error": {"status": "RESOURCE_EXHAUSTED", "message": "x"}}, 429),
        ({"error": {"code": 8, "status": "UNAVAILABLE", "message": "x"}}, 503),
        ({"error": {"type": "insufficient_quota", "message": "x"}}, 429),
        ({"error": {"type": "tokens", "message": "x"}}, 429),
        ({"error": {"code": "content_filter", "message": "x"}}, 400),
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}, 429),
        ({"code": "429", "message": "x"}, 429),
        ('{"error": {"code": "429"}}', 429),
        ({"error": {"code": "4290", "message": "x"}}, 502),
        ({"error": {"code": "٤٢٩", "message": "x"}}, 502),
        ({"error": {"code": 200, "message": "x"}}, 502),
        ({"error": {"code": True, "message": "x"}}, 502),
        ({"error": {"code": ["429"], "message": "x"}}, 502),
        ("boom", 502),
        (None, 502),
        ([], 502),
    ],
)
def test_the_status_of_an_error_under_success_is_found_wherever_it_stands(answer, status):
    assert refusal_from_event("b", answer, str).status == status


@pytest.mark.parametrize("status", [201, 202, 203, 206, 226])
@pytest.mark.parametrize(
    ("kind", "stream"),
    [(kind, stream) for kind in KINDS for stream in (False, True) if (kind, stream) != ("anthropic", True)],
)
def test_every_2xx_is_success(every_kind, backend, status, stream, kind):
    answers = {
        "ollama": {"model": "m", "message": {"role": "assistant", "content": "Hello"}, "done": True},
        "anthropic": {"type": "message", "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn"},
    }
    answer = answers.get(kind, {**ANSWER, "choices": [GOOD]})
    body = json.dumps(answer).encode()
    if stream and kind != "ollama":
        body = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n'
    backend.answers(
        raw=body + b"\n" * stream, status=status, headers={"content-type": "text/event-stream"} if stream else {}
    )
    response = every_kind.chat(kind, stream=stream)
    assert response.status_code == 200
    assert "Hello" in response.text


@pytest.mark.parametrize("status", [201, 204, 205])
def test_an_empty_2xx_is_no_answer(client, backend, status):
    backend.answers(raw=b"", status=status)
    response = client.chat()
    assert (response.status_code, client.error(response)["code"]) == (502, "backend_bad_answer")


def test_an_error_under_201_is_an_error(client, backend):
    backend.answers({"error": {"code": "429", "message": "x"}}, 201)
    assert client.chat().status_code == 429


@pytest.fixture(scope="module")
def every_kind(start_gateway, _backend):
    """A client of a gateway whose models are named like the kind of their backend."""
    with start_gateway(
        backends={kind: {"kind": kind, "base_url": _backend.url} for kind in KINDS},
        models={kind: {"route": [{"backend": kind}]} for kind in KINDS},
    ) as client:
        yield client
