"""What passes: bodies and answers byte for byte, headers, routes, models, health."""

import json
import socket

import pytest

MESSAGES = [{"role": "user", "content": "hi"}]
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_bytes_travel_untouched_both_ways(client, backend):
    body = b'{ "messages": [{"role":"user","content":"h\\u00e4"}],"x_unknown": {"a":[1.50, null]},\n "model":"m" }'
    response = client.post(body)
    assert backend.bodies == [body]
    assert response.status_code == 200
    assert response.json()["x_unknown"] == {"kept": True}
    assert (response.headers["x-gateway-model"], response.headers["x-gateway-backend"]) == ("m", "up")


def test_only_the_models_name_is_changed_where_it_differs(client, backend):
    assert client.chat("org/renamed", x_unknown={"a": [1.5]}, temperature=1).status_code == 200
    sent = json.loads(backend.bodies[0])
    assert sent == {"model": "inner", "messages": MESSAGES, "x_unknown": {"a": [1.5]}, "temperature": 1}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "tool_calls": [CALL, {"id": "2", "type": "x_new"}]},
        {"role": "tool", "content": "4", "tool_call_id": "1"},
        {"role": "function", "content": None, "name": "f"},
        {"role": "developer", "content": [{"type": "text", "text": "x"}, {"type": "x_new", "y": 1}]},
    ],
)
def test_every_kind_of_message_passes(client, message):
    assert client.post({"model": "m", "messages": [message]}).status_code == 200


def test_null_stands_for_a_field_left_out(client):
    fields = ("temperature", "max_tokens", "n", "stop", "stream", "seed", "tools", "response_format", "logit_bias")
    assert client.chat(**dict.fromkeys(fields)).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_backend_answers_if_the_first_cannot_be_reached(client, backend, stream):
    if stream:
        backend.streams(backend.chunk("a", "stop"))
    response = client.chat("spare", stream=stream)
    assert (response.status_code, response.headers["x-gateway-backend"]) == (200, "up")
    assert json.loads(backend.bodies[0])["model"] == "inner"


def test_the_next_backend_is_not_tried_for_what_the_first_one_refuses_for_good(start_gateway, backend):
    backend.answers({"error": "too warm"}, 400)
    with start_gateway(
        backends={name: {"kind": "openai", "base_url": backend.url} for name in ("a", "b")},
        models={"m": {"route": [{"backend": "a"}, {"backend": "b"}]}},
    ) as client:
        assert client.chat().headers["x-gateway-backend"] == "a"
    assert len(backend.bodies) == 1


def test_health_says_which_process_answers(client):
    health = client.http.get("/health").json()
    assert (health["status"], health["service"]) == ("ok", "llm-gateway")
    assert health == client.http.get("/health/live").json()


def test_ready_names_the_backends_of_each_model_and_spends_nothing(client, backend):
    response = client.http.get("/health/ready")
    assert response.status_code == 503
    assert client.error(response)["message"].startswith(
        "No backend answers for: gone. Backend 'dead' does not answer as it should; check that it runs"
    )
    models = response.json()["models"]
    assert models["m"] == {"ready": True, "backends": {"up": True}}
    assert models["gone"] == {"ready": False, "backends": {"dead": False}}
    assert models["spare"] == {"ready": True, "backends": {"dead": False, "up": True}}
    assert backend.bodies == []


def test_keys_are_wanted_for_v1_and_not_for_health(start_gateway, backend):
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": f"{backend.url}/v1"}},
        models={"m": {"route": [{"backend": "up"}]}},
        api_keys="first-key, second-key",
    ) as client:
        assert client.http.get("/health/ready").status_code == 200
        for headers in ({}, {"authorization": "Bearer nope"}, {"authorization": "Basic first-key"}):
            response = client.http.get("/v1/models", headers=headers)
            error = client.error(response)
            assert (response.status_code, error["code"]) == (401, "invalid_api_key")
            assert "first-key" not in response.text
        assert client.http.get("/v1/models", headers=[(b"authorization", b"Bearer \xff\xfe")]).status_code == 401
        assert client.http.get("/v1/models", headers={"authorization": "Bearer second-key"}).status_code == 200
        assert client.chat().status_code == 401
        response = client.post({"model": "m", "messages": MESSAGES}, authorization="bearer first-key")
        assert response.status_code == 200
    assert "authorization" not in backend.headers[0]


def test_a_backends_key_goes_to_the_backend_only(start_gateway, backend, monkeypatch):
    monkeypatch.setenv("UP_KEY", "backend-secret")
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": f"{backend.url}/v1", "api_key_env": "UP_KEY"}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        client.post({"model": "m", "messages": MESSAGES}, authorization="Bearer mine")
    assert backend.headers[0]["authorization"] == "Bearer backend-secret"


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama", "azure"])
@pytest.mark.parametrize("status", [200, 400, 429, 500, 503])
def test_a_backend_that_repeats_the_gateways_key_does_not_tell_it_to_clients(
    start_gateway, backend, monkeypatch, kind, status
):
    monkeypatch.setenv("UP_KEY", "backend-secret")
    backend.answers({"error": {"message": "Bearer backend-secret is odd", "code": 500}}, status)
    with start_gateway(
        backends={"up": {"kind": kind, "base_url": backend.url, "api_key_env": "UP_KEY"}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        assert "Bearer <key> is odd" in client.chat().text
        assert "backend-secret" not in client.chat(stream=True).text


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_takes_its_request_along(start_gateway, backend, stream):
    if stream:
        backend.streams(backend.chunk("a"), pause_s=30)
    else:
        backend.is_silent()
    body = json.dumps({"model": "m", "messages": MESSAGES, "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    # With the default limits of time, which are far above what this test waits for.
    with start_gateway(
        backends={"up": {"kind": "openai", "base_url": backend.url}}, models={"m": {"route": [{"backend": "up"}]}}
    ) as client:
        with socket.create_connection((client.http.base_url.host, client.http.base_url.port), 5) as connection:
            connection.sendall(head.encode() + b"content-type: application/json\r\n\r\n" + body)
            assert backend.called.wait(5)
            if stream:
                assert connection.recv(10)
        assert backend.closed.wait(5)


def test_the_openapi_page_describes_chat(client):
    page = client.http.get("/openapi.json").json()
    assert "post" in page["paths"]["/v1/chat/completions"]
    assert page["components"]["schemas"]["ChatRequest"]["required"] == ["model", "messages"]
