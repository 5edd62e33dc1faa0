"""`POST /v1/messages/count_tokens`: forwarded to Anthropic, refused where no backend counts."""

import json

import pytest

from utest.gateway.http_gateway import NEVER_OPENS

REQUEST = {"model": "counts", "messages": [{"role": "user", "content": "hi"}]}
PATH = "/v1/messages/count_tokens"


@pytest.fixture(scope="module")
def _mixed(start_gateway, _backend):
    with start_gateway(
        breaker=NEVER_OPENS,
        backends={
            "a": {"kind": "anthropic", "base_url": _backend.url},
            "o": {"kind": "openai", "base_url": _backend.url},
        },
        models={
            "counts": {"route": [{"backend": "o"}, {"backend": "a", "model": "claude-x"}]},
            "counts-not": {"route": [{"backend": "o"}]},
        },
    ) as client:
        yield client


@pytest.fixture
def mixed(_mixed, backend):  # noqa: ARG001  # resets the backend
    return _mixed


def count(client, **fields):
    return client.post({**REQUEST, **fields}, path=PATH)


def test_anthropic_counts_the_clients_own_request(mixed, backend):
    backend.answers(raw=b'{"input_tokens":  12}')
    response = count(mixed, system="Be brief.", x_own=1)
    assert response.content == b'{"input_tokens":  12}'
    assert backend.paths == [PATH]
    assert json.loads(backend.bodies[0]) == {**REQUEST, "model": "claude-x", "system": "Be brief.", "x_own": 1}
    assert response.headers["x-gateway-backend"] == "a"


def test_anthropics_refusal_is_forwarded(mixed, backend):
    refusal = {"type": "error", "error": {"type": "invalid_request_error", "message": "too odd"}}
    backend.answers(refusal, status=400)
    response = count(mixed)
    assert response.status_code == 400
    assert "too odd" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "answer", [b"{}", b"[]", b"oops", *(b'{"input_tokens": %b}' % wrong for wrong in (b'"12"', b"true", b"-1"))]
)
def test_an_answer_without_a_count_is_a_bad_one(mixed, backend, answer):
    backend.answers(raw=answer)
    response = count(mixed)
    assert (response.status_code, response.json()["error"]["type"]) == (502, "api_error")


def test_a_backend_that_does_not_count_gets_no_request(mixed, backend):
    response = count(mixed, model="counts-not")
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "'counts'" in response.json()["error"]["message"]
    assert backend.bodies == []


@pytest.mark.parametrize("fields", [{"messages": []}, {"messages": None}, {"system": 7}, {"tools": [{}]}])
def test_a_prompt_is_checked_as_that_of_a_message(mixed, backend, fields):
    response = count(mixed, **fields)
    assert (response.status_code, response.json()["type"]) == (400, "error")
    assert next(iter(fields)) in response.json()["error"]["message"]
    assert backend.bodies == []


@pytest.mark.parametrize(("status", "answer"), [(200, {"input_tokens": 12}), (500, {}), (400, {})])
def test_a_count_takes_nothing_from_the_tokens_of_a_key(start_gateway, backend, status, answer):
    with start_gateway(
        backends={"a": {"kind": "anthropic", "base_url": backend.url}},
        models={"counts": {"route": [{"backend": "a"}]}},
        keys={"tpm": 100_000, "window_s": 3600},
        retries={"attempts": 1},
    ) as client:
        backend.answers(answer, status=status)
        long = [{"role": "user", "content": "word " * 10_000}]
        # Each reserves 10,000 tokens or more while it is under way.
        assert {count(client, messages=long).status_code for _ in range(12)} <= {200, 400, 502, 503}
