"""A stream through LiteLLM lives as long as bytes come, whatever LiteLLM leaves out of them."""

import asyncio
import importlib.util
import time

import pytest
from aiohttp import web

from gateway.backends.litellm import backend as module
from utest.gateway.http_gateway import NEVER_OPENS

pytestmark = [
    pytest.mark.filterwarnings("default"),  # LiteLLM's own, of which there are many
    pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="the extra litellm is absent"),
]
IDLE_S = 0.6


def event(data):
    return b"data: " + data + b"\n\n"


def chunk(delta, finish="null"):
    return event(b'{"id":"c","object":"chat.completion.chunk","created":1,"model":"x","choices":'
                 b'[{"index":0,"delta":%b,"finish_reason":%b}]}' % (delta.encode(), finish.encode()))  # fmt: skip


WHOLE = [chunk('{"role":"assistant","content":"Yes"}'), chunk("{}", '"stop"')]
THOUGHT = chunk('{"reasoning_content":"hm "}')
DONE = event(b"[DONE]")


@pytest.fixture(scope="module")
def _others(start_gateway, _backend):
    with start_gateway(
        breaker=NEVER_OPENS,
        timeouts={"first_byte_s": IDLE_S, "idle_s": IDLE_S, "total_s": 20},
        backends={
            "l": {"kind": "litellm", "base_url": f"{_backend.url}/v1"},
            "spare": {"kind": "ollama", "base_url": _backend.url},
        },
        models={
            "m": {"route": [{"backend": "l", "model": "openai/x"}]},
            "either": {"route": [{"backend": "l", "model": "openai/x"}, {"backend": "spare", "model": "x"}]},
        },
    ) as client:
        deadline = time.monotonic() + 60
        while client.http.get("/health/ready").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        yield client


@pytest.fixture
def others(_others, backend):
    """LiteLLM's first request takes longer than the limits; later ones do not."""
    play(backend, *WHOLE, DONE)
    for _ in range(5):
        if _others.chat("m", stream=True).status_code == 200:
            return _others
    raise AssertionError("LiteLLM does not answer")


def play(backend, *pieces, pause_s=0.0, open_s=0.0):
    async def script(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        if request.path == "/api/chat":
            await response.write(b'{"message":{"content":"Spare"},"done":true}\n')
            return response
        for piece in pieces:
            await asyncio.sleep(pause_s)
            await response.write(piece)
        await asyncio.sleep(open_s)
        return response

    backend.script = script


def messages(client):
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    return client.post(body, path="/v1/messages").text


@pytest.mark.parametrize("hidden", [b": x\n\n", THOUGHT], ids=["comments", "thoughts"])
def test_a_stream_lives_while_bytes_come(others, backend, hidden):
    play(backend, chunk('{"role":"assistant","content":""}'), *[hidden] * 10, *WHOLE, DONE, pause_s=0.12)
    text = others.chat("m", stream=True).text
    assert ("Yes" in text, '"error"' in text) == (True, False)
    play(backend, chunk('{"role":"assistant","content":""}'), *[hidden] * 10, *WHOLE, DONE, pause_s=0.12)
    text = messages(others)
    assert ("Yes" in text, "event: error" in text) == (True, False)


def test_silence_is_still_an_end(others, backend):
    play(backend, WHOLE[0], open_s=8)
    assert "backend_timeout" in others.chat("m", stream=True).text


def test_a_finished_answer_ends_well_without_a_closing_mark(others, backend, monkeypatch):
    monkeypatch.setattr(module, "LINGER_S", IDLE_S * 2)
    play(backend, *WHOLE, open_s=8)
    response = others.chat("m", stream=True)
    assert ("Yes" in response.text, '"error"' in response.text) == (True, False)
    assert response.elapsed.total_seconds() < 5


@pytest.mark.parametrize("opening", [b": x\n\n", chunk('{"role":"assistant","content":""}')])
def test_the_next_backend_answers_before_the_first_content(others, backend, opening):
    play(backend, opening)
    response = others.chat("either", stream=True)
    assert response.headers["x-gateway-backend"] == "spare"
    assert "Spare" in response.text
