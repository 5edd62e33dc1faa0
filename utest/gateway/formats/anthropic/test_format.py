"""`POST /v1/messages` through a running gateway to a backend of Anthropic's, and to one that it falls back from."""

import json
import queue

import pytest

from utest.gateway.formats.anthropic.wire import REQUEST, error, events, kinds, post
from utest.gateway.http_gateway import NEVER_OPENS

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 12, "output_tokens": 4},
}  # fmt: skip


def native(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


START = native("message_start", message={"id": "msg_1", "usage": {"input_tokens": 12, "output_tokens": 1}})
BLOCK = native("content_block_start", index=0, content_block={"type": "text", "text": ""})
DELTA = b'event: content_block_delta\ndata: {"type":  "content_block_delta", "index":0,"delta":{"x": 1.50}}\n\n'
STOPPED = native("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 4})
STOP = native("message_stop")


@pytest.fixture(scope="module")
def _claude(start_gateway, _backend):
    with start_gateway(
        breaker=NEVER_OPENS,
        backends={
            "a": {"kind": "anthropic", "base_url": _backend.url},
            "o": {"kind": "openai", "base_url": _backend.url},
        },
        models={
            "m": {"route": [{"backend": "a"}]},
            "chat": {"route": [{"backend": "o"}]},
            "renamed": {"route": [{"backend": "a", "model": "claude-x"}]},
            "either": {"route": [{"backend": "o"}, {"backend": "a"}]},
        },
    ) as client:
        yield client


@pytest.fixture
def claude(_claude, backend):  # noqa: ARG001  # resets the backend
    return _claude


def test_bytes_pass_unchanged_to_and_from_a_backend_of_anthropics(claude, backend):
    request = (
        b'{ "messages":[{"content":"h\\u00e4","role":"user"}],"max_tokens":9, "model":"m","container":{"x":1.50} }'
    )
    answer = json.dumps({**MESSAGE, "x_new": [1]}, indent=1).encode()
    backend.answers(raw=answer)
    response = post(claude, request, anthropic_version="2026-10-21", anthropic_beta="one-2025,two-2026")
    assert (response.content, backend.bodies, backend.paths) == (answer, [request], ["/v1/messages"])
    headers = backend.headers[0]
    assert headers.getall("anthropic-version") == ["2026-10-21"]
    assert headers["anthropic-beta"] == "one-2025,two-2026"
    assert "x-gateway-dropped-params" not in response.headers


def test_only_the_models_name_is_changed_where_it_differs(claude, backend):
    backend.answers(MESSAGE)
    assert post(claude, {"model": "renamed", "container": "c"}).status_code == 200
    assert json.loads(backend.bodies[0]) == {**REQUEST, "model": "claude-x", "container": "c"}
    assert backend.headers[0]["anthropic-version"] == "2023-06-01"


def test_a_stream_of_anthropics_passes_byte_for_byte(claude, backend):
    pieces = [START, native("ping"), BLOCK, DELTA, native("content_block_stop", index=0), STOPPED, STOP]
    backend.streams(*pieces)
    assert post(claude, {"stream": True}).content == b"".join(pieces).replace(STOP, b"") + (
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )


def test_a_missing_message_stop_is_added(claude, backend):
    backend.streams(START, STOPPED)
    assert kinds(events(post(claude, {"stream": True}))) == ["message_start", "message_delta", "message_stop"]


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("last", [b"", b"event: content_block_del", b'event: x\ndata: {"type": "x"}\n'])
def test_a_disconnect_of_anthropics_ends_the_stream_with_an_error_event(claude, backend, last, cut):
    backend.streams(START, BLOCK, DELTA, *([last] if last else []), cut=cut)
    response = post(claude, {"stream": True})
    *_, failure = received = events(response)
    assert kinds(received)[-2:] == ["content_block_delta", "error"]
    assert failure["error"]["type"] == "api_error"
    assert failure["request_id"] == response.headers["request-id"]


@pytest.mark.parametrize(
    "wrong", [b"data: {\n\n", b"data: []\n\n", b'data: {"x": 1}\n\n', native("message_delta", delta=None), STOP]
)
def test_an_event_that_is_not_anthropics_ends_the_stream_with_an_error_event(claude, backend, wrong):
    backend.streams(START, BLOCK, DELTA, wrong)
    assert kinds(events(post(claude, {"stream": True})))[-1] == "error"


def test_an_error_event_of_anthropics_is_forwarded(claude, backend):
    error_event = native("error", error={"type": "overloaded_error", "message": "Too much."})
    backend.streams(START, BLOCK, DELTA, error_event)
    *_, failure = events(post(claude, {"stream": True}))
    assert failure["error"]["type"] == "overloaded_error"
    assert "Too much." in failure["error"]["message"]


@pytest.mark.parametrize("answer", [{"type": "completion"}, {"type": "message", "content": "x"}, [], {"usage": 3}])
def test_an_answer_that_is_no_message_is_a_502(claude, backend, answer):
    backend.answers(answer)
    assert error(post(claude)) == (502, "api_error")


def test_a_fallback_may_speak_another_format(claude, backend):
    async def script(request):
        chat = request.path.endswith("completions")
        from aiohttp import web  # noqa: PLC0415  # only here

        return web.json_response({"error": "gone"}, status=500) if chat else web.json_response(MESSAGE)

    backend.script = script
    response = post(claude, {"model": "either", "container": "c"})
    assert response.json() == MESSAGE
    assert backend.paths == ["/chat/completions", "/v1/messages"]
    assert "x-gateway-dropped-params" not in response.headers


@pytest.mark.parametrize(
    ("query", "passed_on"),
    [("", ""), ("?beta=true", "?beta=true"), ("?beta=false&x=1", ""), ("?x=1&beta=true", "?beta=true")],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_the_betas_query_reaches_anthropic(claude, backend, path, query, passed_on):
    backend.answers({**MESSAGE, "input_tokens": 3})
    assert post(claude, path=path + query).status_code == 200
    assert post(claude, {"stream": True}, path=path + query).status_code in {200, 502}
    assert backend.paths == [path + passed_on] * 2


THINKS = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
TOOLS = {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}


@pytest.mark.parametrize(
    ("fields", "beta", "status"),
    [
        ({"model": "m", **THINKS}, "", 200),
        ({"model": "m", **THINKS, **TOOLS}, "interleaved-thinking-2025-05-14", 200),
        ({"model": "chat", **THINKS, **TOOLS}, "x,interleaved-thinking-2025-05-14", 200),
        ({"model": "chat", **THINKS, "max_tokens": 2001}, "", 200),
        ({"model": "chat", **THINKS, "max_tokens": 2000}, "", 400),
        ({"model": "chat", **THINKS, **TOOLS}, "", 400),
        ({"model": "chat", **THINKS}, "interleaved-thinking-2025-05-14", 400),
    ],
)
def test_who_judges_the_budget_of_thoughts(claude, backend, fields, beta, status):
    if fields["model"] == "m":
        backend.answers(MESSAGE)
    response = post(claude, fields, anthropic_beta=beta)
    assert response.status_code == status
    assert ("'thinking'" in response.text) is (status == 400)


TOO_LONG = "prompt is too long: 300 tokens > 200 maximum. Shorten"


@pytest.mark.parametrize(
    ("model", "refusal", "expected"),
    [
        ("m", "prompt is too long: 300 tokens > 200 maximum", TOO_LONG),
        (
            "chat",
            "This model's maximum context length is 200 tokens. However, your messages resulted in 300 tokens.",
            TOO_LONG,
        ),
        ("chat", {"type": "exceed_context_size_error", "message": "x", "n_prompt_tokens": 300, "n_ctx": 200}, TOO_LONG),
        ("chat", "the prompt exceeds the context length", "prompt is too long: the prompt exceeds"),
        ("chat", {"code": "context_length_exceeded", "message": "Too much."}, "prompt is too long: Too much."),
        (
            "m",
            "input length and `max_tokens` exceed context limit: 190 + 20 > 200",
            "input length and `max_tokens` exceed context limit: 190 + 20 > 200",
        ),
        ("chat", "no such thing", "Backend 'o' refused the request: no such thing"),
    ],
)
def test_a_prompt_that_is_too_long_is_told_in_anthropics_words(claude, backend, model, refusal, expected):
    backend.answers({"error": refusal if isinstance(refusal, dict) else {"message": refusal}}, status=400)
    for stream in (False, True):
        response = post(claude, {"model": model, "stream": stream})
        assert error(response) == (400, "invalid_request_error")
        assert response.json()["error"]["message"].startswith(expected)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["m", "either"])
def test_the_usage_of_a_message_is_recorded(claude, backend, monkeypatch, model, stream):
    records = queue.Queue()
    monkeypatch.setattr("gateway.observability.request_log.RequestLog.add", lambda _, record: records.put(record))
    chat = model == "either"
    counts = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
    if stream:
        usage = b"data: " + json.dumps({"choices": [], "usage": counts}).encode() + b"\n\n"
        backend.streams(*((backend.chunk("a", "stop"), usage) if chat else (START, STOPPED, STOP)))
    else:
        choice = {"message": {"content": "Hi"}, "finish_reason": "stop"}
        backend.answers({"choices": [choice], "usage": counts} if chat else MESSAGE)
    response = post(claude, {"model": model, "stream": stream})
    assert response.status_code == 200
    # A request of an earlier test may be recorded only now.
    while (record := records.get(timeout=5)).id != response.headers["x-request-id"]:
        pass
    usage = record.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.source) == (12, 4, "backend")
