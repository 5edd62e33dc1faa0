"""A whole answer of a backend is read within a limit, whatever its length says and however it is packed."""

import gzip
import json

import pytest
from aiohttp import web

LIMIT = 100_000


@pytest.fixture(scope="module")
def gateway(start_gateway, _backend):
    kinds = {
        kind: {"kind": kind, "base_url": _backend.url} for kind in ("openai", "azure", "nim", "ollama", "anthropic")
    }
    with start_gateway(
        timeouts={"total_s": 5}, backends=kinds, models={kind: {"route": [{"backend": kind}]} for kind in kinds}
    ) as client:
        yield client


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch):
    monkeypatch.setattr("gateway.backends.http.remote.ANSWER_LIMIT", LIMIT)
    monkeypatch.setattr("gateway.backends.http.remote.VECTORS_LIMIT", 2 * LIMIT)


def endless(status=200, headers=None, block=b" " * 50_000):
    """A script that sends blocks until the connection is closed."""

    async def script(request):
        response = web.StreamResponse(status=status, headers={"content-type": "application/json", **(headers or {})})
        await response.prepare(request)
        while True:
            await response.write(block)

    return script


def completion(size):
    message = {"role": "assistant", "content": "x" * size}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("model", ["openai", "azure", "nim", "ollama", "anthropic"])
def test_an_endless_answer_is_cut_off(gateway, backend, model, path):
    backend.script = endless()
    request = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    answer = gateway.post(request, path=path)
    assert answer.status_code == 502
    assert f"Backend '{model}' answered with over {LIMIT} bytes" in answer.json()["error"]["message"]
    assert backend.closed.wait(5)


@pytest.mark.parametrize("status", [400, 429, 500, 503])
@pytest.mark.parametrize("model", ["openai", "ollama", "anthropic"])
def test_of_an_endless_error_the_status_decides(gateway, backend, model, status):
    backend.script = endless(status)
    expected = {400: 502, 429: 429, 500: 502, 503: 503}
    assert gateway.chat(model).status_code == expected[status]
    assert backend.closed.wait(5)


def test_a_length_beyond_the_limit_is_believed(gateway, backend):
    backend.answers(completion(LIMIT))
    assert gateway.error(gateway.chat("openai"))["code"] == "backend_bad_answer"


@pytest.mark.parametrize("bomb", [b" " * 10_000_000, json.dumps(completion(1_000_000)).encode()])
def test_what_counts_is_the_size_after_decompression(gateway, backend, bomb):
    backend.answers(raw=gzip.compress(bomb), headers={"content-encoding": "gzip"})
    assert gateway.error(gateway.chat("openai"))["code"] == "backend_bad_answer"


def test_an_answer_below_the_limit_arrives_whole(gateway, backend):
    backend.answers(completion(LIMIT - 1000))
    assert len(gateway.chat("openai").json()["choices"][0]["message"]["content"]) == LIMIT - 1000


def test_vectors_may_be_longer(gateway, backend):
    vector = {"object": "embedding", "index": 0, "embedding": [0.5] * 30_000}
    backend.answers({"object": "list", "data": [vector], "model": "m"})
    assert gateway.post({"model": "openai", "input": "hi"}, path="/v1/embeddings").status_code == 200


def test_an_endless_health_answer_is_cut_off(gateway, backend):
    backend.health["/models"] = (200, b"x" * 40_000_000)
    models = gateway.http.get("/health/ready").json()["models"]
    assert models["openai"]["ready"] is False
