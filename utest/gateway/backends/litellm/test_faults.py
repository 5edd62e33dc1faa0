"""Whose fault a failure behind LiteLLM is, and that no text tells the key; skipped where LiteLLM is not installed."""

import importlib.util
import json
import os
import time

import pytest

from gateway.observability.request_log import line
from utest.gateway.http_gateway import NEVER_OPENS

pytestmark = [
    pytest.mark.filterwarnings("default"),  # LiteLLM's own, of which there are many
    pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="the extra litellm is absent"),
]
KEY = "sk-canary-0123456789-abcdefghijklmnop"
PARTS = [KEY[start : start + 8] for start in range(len(KEY) - 7)]
GOOD = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
ANSWER = {"id": "c", "object": "chat.completion", "model": "m", "created": 1, "choices": [GOOD]}


@pytest.fixture(scope="module")
def lite(start_gateway, _backend):
    """A client: `m` is on LiteLLM with a configured key, `env` with the provider's, `both` before another."""
    patch = pytest.MonkeyPatch()
    patch.setenv("UPKEY", KEY)
    patch.setenv("MISTRAL_API_KEY", KEY)
    patch.setenv("MISTRAL_API_BASE", f"{_backend.url}/v1")
    lite = {"kind": "litellm", "base_url": f"{_backend.url}/v1", "api_key_env": "UPKEY"}
    with start_gateway(
        breaker=NEVER_OPENS,
        backends={"lite": lite, "env": {"kind": "litellm"}, "up": {"kind": "openai", "base_url": f"{_backend.url}/up"}},
        models={
            "m": {"route": [{"backend": "lite", "model": "openai/x"}]},
            "env": {"route": [{"backend": "env", "model": "mistral/x"}]},
            "both": {"route": [{"backend": "lite", "model": "groq/x"}, {"backend": "up"}]},
        },
    ) as client:
        ends = time.monotonic() + 60
        while client.http.get("/health/ready").status_code != 200 and time.monotonic() < ends:
            time.sleep(0.1)
        yield client
    patch.undo()


@pytest.mark.parametrize("model", ["m", "env"])
@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_no_text_tells_the_key(lite, backend, record, model, status):
    error = {"message": f"Not with {KEY}: " + "x" * 400 + KEY, "code": KEY, "type": KEY, "param": KEY}
    backend.answers({"error": error}, status)
    for stream in (False, True):
        response = lite.chat(model, stream=stream)
        assert response.status_code >= 400
        places = (response.text, str(response.headers), line(record(), 0).decode())
        assert not any(part in place for part in PARTS for place in places)


@pytest.mark.parametrize("model", ["m", "env"])
@pytest.mark.parametrize("choices", [[], [{**GOOD, "finish_reason": None}], [{**GOOD, "error": {"message": KEY}}]])
def test_no_error_under_a_success_tells_the_key(lite, backend, record, model, choices):
    error = {"message": f"Not with {KEY}: " + "x" * 400 + KEY, "code": KEY, "type": KEY, "param": KEY}
    whole = {**ANSWER, "choices": choices, "error": error}
    chunks = [{**whole, "choices": []}, {**whole, "choices": [{"index": 0, "delta": {}, "error": error}]}]
    for stream, event in ((False, None), (True, chunks[0]), (True, chunks[1])):
        if stream:
            backend.streams(b"data: " + json.dumps(event).encode() + b"\n\n")
        else:
            backend.answers(whole)
        response = lite.chat(model, stream=stream)
        assert response.status_code >= 400
        places = (response.text, str(response.headers), line(record(), 0).decode())
        assert not any(part in place for part in PARTS for place in places)


@pytest.mark.usefixtures("backend")
def test_a_key_of_litellms_own_variable_that_no_header_can_carry_is_not_told(lite):
    os.environ["MISTRAL_API_KEY"] = f"{KEY}\n"
    try:
        text = lite.chat("env").text
    finally:
        os.environ["MISTRAL_API_KEY"] = KEY
    assert not any(part in text for part in PARTS)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, {"error": {"code": 403, "message": "Your input was flagged"}}, 403),
        (403, {"error": {"message": "This key has no permission"}}, 502),
        (401, {"error": {"message": "Invalid API key"}}, 502),
        (451, {"error": {"message": "This content is illegal here"}}, 451),
        (529, {"error": {"message": "overloaded"}}, 503),
        (201, ANSWER, 200),
        (203, ANSWER, 200),
        (200, {**ANSWER, "choices": [], "error": {"code": 429, "message": "slow down"}}, 429),
        (200, {**ANSWER, "choices": [{**GOOD, "finish_reason": None}], "error": {"code": "429", "message": "x"}}, 429),
        (200, {"error": {"code": "429", "message": "slow down"}}, 429),
    ],
)
def test_statuses_mean_what_they_mean_for_every_backend(lite, backend, status, body, told):
    backend.answers(body, status)
    response = lite.chat()
    assert response.status_code == told, response.text


@pytest.mark.usefixtures("backend")
def test_a_provider_that_cannot_carry_a_request_is_passed_over(lite):
    response = lite.chat("both", modalities=["text", "audio"], audio={"voice": "v", "format": "wav"})
    assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "up")
