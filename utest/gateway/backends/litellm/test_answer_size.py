"""What a provider behind LiteLLM sends is bounded, and numbers keep their digits; skipped where LiteLLM is absent."""

import gzip
import importlib.util
import json
import time

import pytest
from aiohttp import web

pytestmark = [
    pytest.mark.filterwarnings("default"),  # LiteLLM's own, of which there are many
    pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="the extra litellm is absent"),
]
LIMIT = 200_000
GOOD = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "x"}


@pytest.fixture(scope="module")
def lite(start_gateway, _backend):
    with start_gateway(
        timeouts={"total_s": 20},
        backends={"l": {"kind": "litellm", "base_url": f"{_backend.url}/v1"}},
        models={"m": {"route": [{"backend": "l", "model": "openai/x"}]},
                "groq": {"route": [{"backend": "l", "model": "groq/x"}]}},
    ) as client:  # fmt: skip
        ends = time.monotonic() + 60
        while client.http.get("/health/ready").status_code != 200 and time.monotonic() < ends:
            time.sleep(0.1)
        yield client


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch):
    for name in ("ANSWER_LIMIT", "VECTORS_LIMIT", "EVENT_LIMIT"):
        monkeypatch.setattr(f"gateway.backends.litellm.backend.{name}", LIMIT)


def endless(status, kind, block, first=b""):
    async def script(request):
        response = web.StreamResponse(status=status, headers={"content-type": kind})
        await response.prepare(request)
        await response.write(first)
        while True:
            await response.write(block)

    return script


def chunk(content):
    choice = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": None}
    return b"data: " + json.dumps(CHUNK | {"choices": [choice]}).encode() + b"\n\n"


@pytest.mark.parametrize("model", ["m", "groq"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_endless_answer_is_cut_off(lite, backend, model, stream):
    backend.script = endless(200, "application/json", b" " * 50_000)
    response = lite.chat(model, stream=stream)
    assert response.status_code == 502
    assert f"over {LIMIT} bytes" in response.json()["error"]["message"]
    assert backend.closed.wait(5)


@pytest.mark.parametrize("model", ["m", "groq"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 500])
def test_an_endless_error_is_cut_off(lite, backend, model, stream, status):
    backend.script = endless(status, "application/json", b" " * 50_000)
    # LiteLLM tells the status of such an error for some providers only.
    assert lite.chat(model, stream=stream).status_code in {status, 502}
    assert backend.closed.wait(5)


def test_endless_vectors_are_cut_off(lite, backend):
    backend.script = endless(200, "application/json", b" " * 50_000)
    response = lite.post({"model": "m", "input": "hi"}, path="/v1/embeddings")
    assert (response.status_code, f"over {LIMIT} bytes" in response.text) == (502, True)


@pytest.mark.parametrize("block", [b": comment\n\n" * 5000, b"data: " + b"x" * 50_000])
def test_a_stream_without_a_chunk_is_cut_off(lite, backend, block):
    backend.script = endless(200, "text/event-stream", block)
    assert lite.chat(stream=True).status_code == 502
    assert backend.closed.wait(5)


@pytest.mark.parametrize("model", ["m", "groq"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_compressed_answer_is_refused_unread(lite, backend, model, stream):
    answer = CHUNK | {"object": "chat.completion", "choices": [GOOD], "padding": " " * 60_000_000}
    body = gzip.compress(json.dumps(answer).encode())
    assert len(body) < LIMIT
    backend.answers(raw=body, headers={"content-encoding": "gzip"})
    response = lite.chat(model, stream=stream)
    assert response.status_code == 502
    assert "compressed" in response.json()["error"]["message"]
    assert backend.headers[-1]["accept-encoding"] == "identity"


def test_an_answer_that_says_it_is_not_compressed_is_taken(lite, backend):
    answer = CHUNK | {"object": "chat.completion", "choices": [GOOD]}
    backend.answers(answer, headers={"content-encoding": "Identity"})
    assert lite.chat().status_code == 200


def test_a_long_stream_of_chunks_is_not_cut_off(lite, backend):
    end = json.dumps(CHUNK | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode()
    backend.streams(*[chunk("x" * 50_000)] * 10, b"data: " + end + b"\n\n", b"data: [DONE]\n\n")
    response = lite.chat(stream=True)
    assert response.text.count("x") >= 500_000
    assert "error" not in response.text


@pytest.mark.parametrize("stream", [False, True])
def test_long_integers_in_tool_arguments_keep_their_digits(lite, backend, stream):
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": f'{{"n":{3**80}}}'}}
    choice = {"index": 0, "finish_reason": "tool_calls"}
    if stream:
        chunks = [{**choice, "delta": {"tool_calls": [call]}, "finish_reason": None}, {**choice, "delta": {}}]
        backend.streams(
            *[b"data: " + json.dumps(CHUNK | {"choices": [choice]}).encode() + b"\n\n" for choice in chunks]
        )
    else:
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        backend.answers(CHUNK | {"object": "chat.completion", "choices": [choice | {"message": message}]})
    assert str(3**80) in lite.chat(stream=stream).text


@pytest.mark.parametrize("model", ["m", "groq"])
@pytest.mark.parametrize("number", [2**64, 3**80, -(2**63) - 1])
def test_long_integers_of_a_request_reach_the_provider(lite, backend, model, number):
    parameters = {"type": "object", "properties": {"n": {"type": "integer", "maximum": number}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    # LiteLLM reads no answer of Groq's without a service tier.
    backend.answers(CHUNK | {"object": "chat.completion", "service_tier": "auto", "choices": [GOOD]})
    assert lite.chat(model, tools=[tool]).status_code == 200
    assert str(number).encode() in backend.bodies[0]
