"""A backend that repeats the gateway's key: no kind of backend tells it to a client, in any field, whole or cut."""

import json

import pytest

from gateway.observability.request_log import line

KEY = "sk-canary-0123456789-abcdefghijklmnop"
PARTS = [KEY[start : start + 8] for start in range(len(KEY) - 7)]
KINDS = {"openai": {}, "azure": {}, "nim": {}, "anthropic": {}, "ollama": {}}


@pytest.fixture(scope="module")
def keyed_client(start_gateway, _backend, tmp_path_factory):
    """A client of a gateway whose models are named like the kind of their backend, each with the key."""
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(KEY)
    patch = pytest.MonkeyPatch()
    patch.setenv("UPKEY", KEY)
    keyed = {kind: {"kind": kind, "base_url": _backend.url, "api_key_env": "UPKEY"} for kind in KINDS}
    keyed["token"] = {"kind": "azure", "base_url": _backend.url, "token_file": str(token)}
    with start_gateway(backends=keyed, models={kind: {"route": [{"backend": kind}]} for kind in keyed}) as client:
        yield client
    patch.undo()


TEXTS = {
    "a message": {"message": f"Not with {KEY}."},
    "a code": {"message": "no", "code": KEY},
    "a param": {"message": "no", "param": f"headers.{KEY}"},
    "a type": {"message": "no", "type": f"bad_{KEY}"},
    "a code cut by the gateway": {"message": "no", "code": "c" * 80 + KEY},
    "a message cut by the gateway": {"message": "x" * 465 + KEY},
    "a message cut by the backend": {"message": f"Not with {KEY[:25]}"},
    "an end of the key": {"message": f"Not with ***{KEY[10:]}"},
    "a message that is an object": {"message": {"key": KEY}},
    "no message": {"detail": KEY, "code": 7},
    "a message in JSON": {"message": json.dumps({"error": {"message": KEY}})},
    "the prompt's fault": {"message": f"Your input was flagged ({KEY})"},
    "a long context": {"message": f"maximum context length: {KEY}"},
    "llama.cpp's words": {"message": f"Failed to parse tools: {KEY}"},
}


@pytest.mark.parametrize("error", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("status", [200, 400, 403, 429, 500, 503])
def test_no_text_of_a_backend_tells_the_key(keyed_client, backend, record, error, status):
    backend.answers({"error": error}, status)
    for stream in (False, True):
        told(keyed_client.chat("openai", stream=stream), record())


@pytest.mark.parametrize("kind", [*KINDS, "token"])
@pytest.mark.parametrize("status", [200, 201, 400, 403, 418, 429, 500, 501, 503, 529])
def test_no_kind_of_backend_tells_its_key(keyed_client, backend, record, kind, status):
    backend.answers(
        {"error": {"message": f"Your prompt is unsafe: {KEY}", "code": KEY, "type": KEY, "param": KEY}}, status
    )
    for stream in (False, True):
        told(keyed_client.chat(kind, stream=stream), record())
    question = {"model": kind, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    told(keyed_client.post(question, path="/v1/messages"), record())


def test_no_refusal_of_a_count_tells_the_key(keyed_client, backend, record):
    backend.answers({"error": {"message": KEY, "type": KEY}})
    question = {"model": "anthropic", "messages": [{"role": "user", "content": "hi"}]}
    told(keyed_client.post(question, path="/v1/messages/count_tokens"), record())


@pytest.mark.parametrize(
    "event",
    [
        b"data: " + json.dumps({"error": {"message": KEY, "code": KEY, "type": KEY}}).encode(),
        b"event: error\ndata: " + KEY.encode(),
        b"event: error\ndata: " + json.dumps(KEY).encode(),
        b"error: " + json.dumps({"message": KEY, "code": KEY}).encode(),
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":"' + KEY.encode() + b'"}}]}',
    ],
)
def test_no_error_in_mid_stream_tells_the_key(keyed_client, backend, record, event):
    backend.streams(backend.chunk("Hello"), event + b"\n\n")
    response = keyed_client.chat("openai", stream=True)
    assert "Hello" in response.text
    assert '"error"' in response.text
    assert not any(part in response.text for part in PARTS)
    logged = line(record(), 0).decode()
    assert not any(part in logged for part in PARTS)


def told(response, record):
    """Neither the client, nor the log's line, nor the metrics have a part of the key."""
    assert response.status_code >= 400
    places = (response.text, str(response.headers), line(record, 0).decode())
    assert not any(part in place for part in PARTS for place in places)


def test_the_metrics_do_not_tell_the_key(keyed_client, backend):
    backend.answers({"error": {"message": "no", "code": KEY}}, 400)
    keyed_client.chat("openai")
    page = keyed_client.http.get("/metrics").text
    assert 'code="<key>"' in page
    assert not any(part in page for part in PARTS)
