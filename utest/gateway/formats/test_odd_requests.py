"""Whatever a client asks, each translation answers or names what is wrong: no request is an internal error."""

import json

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from utest.gateway.formats.odd_requests import CHAT, MESSAGES
from utest.gateway.http_backend import COMPLETION

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 2, "output_tokens": 1},
}  # fmt: skip
OLLAMA = {"model": "x", "message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": "stop"}
# Faults of the requests, and of what the script of the backend does not offer: it does not stream.
TOLD = {200, 400, 413, 422, 429, 502}
KINDS = st.sampled_from(["openai", "azure", "ollama", "anthropic"])
FUZZED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def _gateway_of_kinds(start_gateway, _backend):
    kinds = ("openai", "azure", "ollama", "anthropic")
    # Other kinds are searched for control tokens anyhow, or never.
    backends = {kind: {"kind": kind, "base_url": _backend.url, "neutralise": True} for kind in kinds[:1]}
    backends |= {kind: {"kind": kind, "base_url": _backend.url} for kind in kinds[1:]}
    with start_gateway(backends=backends, models={kind: {"route": [{"backend": kind}]} for kind in kinds}) as client:
        yield client


@pytest.fixture
def gateway(_gateway_of_kinds, backend):
    """A client of a gateway before a backend that answers in the format of each kind, and never streams."""

    async def script(request):
        answer = OLLAMA if request.path.startswith("/api") else MESSAGE if "messages" in request.path else COMPLETION
        return web.json_response(answer)

    backend.script = script
    return _gateway_of_kinds


def judge(gateway, path, body):
    """The request is answered or refused, and a refusal by the gateway tells the field or the reason."""
    response = gateway.post(json.dumps(body).encode(), path=path)
    assert response.status_code in TOLD, (response.status_code, response.text, body)
    if response.status_code != 200:
        assert response.json()["error"]["message"], body
    assert "internal" not in response.text, body


@FUZZED
@given(body=CHAT, kind=KINDS)
def test_any_chat_is_answered_or_told_what_is_wrong(gateway, body, kind):
    body = body if isinstance(body, dict) else {}
    judge(gateway, "/v1/chat/completions", body | {"model": kind})


@FUZZED
@given(body=MESSAGES, kind=KINDS)
def test_any_message_is_answered_or_told_what_is_wrong(gateway, body, kind):
    judge(gateway, "/v1/messages", body | {"model": kind})
