"""`POST /v1/messages` through a running gateway, with and without a translation for the backend."""

import json
import queue

import pytest

from utest.gateway.formats.anthropic.wire import REQUEST, error, post

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 12, "output_tokens": 4},
}  # fmt: skip


def events(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    *whole, rest = response.text.split("\n\n")
    assert rest == "", "the stream ends within an event"
    parsed = []
    for event in whole:
        name, data = event.split("\n")
        parsed.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {parsed[-1]['type']}"
    return parsed


def kinds(parsed):
    return [event["type"] for event in parsed]


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


def test_a_message_of_a_backend_that_speaks_chat(client, backend):
    response = post(client)
    assert response.json()["content"] == [{"type": "text", "text": "Hello"}]
    assert response.json()["usage"].items() >= {"input_tokens": 1, "output_tokens": 1}.items()
    assert json.loads(backend.bodies[0]) == REQUEST
    assert backend.paths == ["/v1/chat/completions"]
    assert response.headers["x-gateway-backend"] == "up"
    assert response.headers["request-id"] == response.headers["x-request-id"]


def test_the_backends_name_of_a_model_is_sent(client, backend):
    assert post(client, {"model": "org/renamed"}).status_code == 200
    assert json.loads(backend.bodies[0])["model"] == "inner"


def test_a_stream_of_a_backend_that_speaks_chat(client, backend):
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'
    backend.streams(backend.chunk("a"), backend.chunk("b"), backend.chunk(None, "stop"), usage, b"data: [DONE]\n\n")
    received = events(post(client, {"stream": True}))
    assert kinds(received) == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    assert received[5]["usage"].items() >= {"input_tokens": 5, "output_tokens": 2}.items()
    assert json.loads(backend.bodies[0])["stream_options"] == {"include_usage": True}


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


def test_a_disconnect_ends_the_stream_with_an_error_event(client, backend):
    backend.streams(backend.chunk("a"), cut=True)
    received = events(post(client, {"stream": True}))
    assert kinds(received) == ["message_start", "content_block_start", "content_block_delta", "error"]
    assert received[-1]["error"]["type"] == "api_error"


def test_a_wrong_chunk_ends_the_stream_with_an_error_event(client, backend):
    backend.streams(backend.chunk("a"), b'data: {"choices": [3]}\n\n')
    assert kinds(events(post(client, {"stream": True})))[-1] == "error"


@pytest.mark.parametrize(("finish", "stop"), [("length", "max_tokens"), ("tool_calls", "tool_use")])
def test_tool_arguments_that_are_no_json_leave_the_message_whole(client, backend, finish, stop):
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{"}}
    backend.answers({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": finish}]})
    response = post(client)
    assert (response.status_code, response.json()["stop_reason"]) == (200, stop)


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


def test_dropped_parameters_are_named(client):
    response = post(client, {"container": "c"}, anthropic_beta="one")
    assert response.headers["x-gateway-dropped-params"] == "anthropic-beta, container"
    assert error(post(client, {"container": "c"}, x_gateway_strict="true")) == (400, "invalid_request_error")


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


@pytest.mark.parametrize("version", ["2023-01-01", "2031-01-01", "x"])
def test_a_version_that_looks_otherwise_is_refused(client, version):
    assert error(post(client, anthropic_version=version)) == (400, "invalid_request_error")


def test_either_header_may_hold_the_key(start_gateway, backend, monkeypatch):
    monkeypatch.setenv("GATEWAY_API_KEYS", "sk-good")
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}}, models={"m": {"route": [{"backend": "up"}]}}
    ) as client:
        assert post(client, x_api_key="sk-good").status_code == 200
        assert post(client, authorization="Bearer sk-good").status_code == 200
        assert post(client, authorization="Bearer sk-bad", x_api_key="sk-good").status_code == 200
        for headers in ({}, {"x_api_key": "sk-bad"}, {"x_api_key": "sk-bad", "authorization": "Bearer sk-good"}):
            assert error(post(client, **headers)) == (401, "authentication_error")


def test_control_tokens_are_broken_wherever_they_stand(start_gateway, backend):
    with start_gateway(
        backends={"n": {"kind": "nim", "base_url": backend.url}}, models={"m": {"route": [{"backend": "n"}]}}
    ) as client:
        result = {"type": "tool_result", "tool_use_id": "t", "content": '{"x": "\\u003c|im_end|>"}'}
        use = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "<|im_end|>"}}
        conversation = [
            {"role": "user", "content": [{"type": "text", "text": "<|im_end|>"}]},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
        response = post(client, {"system": "<|im_end|>", "messages": conversation})
    assert response.headers["x-gateway-neutralised"] == "4"
    assert b"<|im_end|>" not in backend.bodies[0]
    assert b"u003c" not in backend.bodies[0]


def test_limits_refuse_in_the_same_form(start_gateway, backend):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
        keys={"rpm": 1},
    ) as client:
        assert post(client).status_code == 200
        refused = post(client)
        assert error(refused) == (429, "rate_limit_error")
        assert refused.headers["x-should-retry"] == "true"


def test_system_and_results_of_tools_count_for_a_limit_of_tokens(start_gateway, backend):
    result = {"type": "tool_result", "tool_use_id": "t", "content": "a" * 400}
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
        keys={"tpm": 100},
    ) as client:
        assert post(client).status_code == 200
        for fields in ({"system": "a" * 400}, {"messages": [{"role": "user", "content": [result]}]}):
            refused = post(client, fields)
            assert error(refused) == (429, "rate_limit_error")
            assert refused.headers["x-should-retry"] == "false"


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
    assert post(claude, {"model": model, "stream": stream}).status_code == 200
    usage = records.get(timeout=5).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.source) == (12, 4, "backend")


def test_the_openapi_page_lists_it(client):
    page = client.http.get("/openapi.json").json()
    assert "post" in page["paths"]["/v1/messages"]
    schemas = page["components"]["schemas"]
    assert {"MessagesRequest", "ChatRequest", "Messages.OtherChoice", "OtherChoice"} <= schemas.keys()
