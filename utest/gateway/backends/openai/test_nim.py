"""NVIDIA NIM: its health addresses, and `nvext`."""

import asyncio

import pytest

from gateway.backends.openai.nim import NimBackend, NimConfig

READY = "/v1/health/ready"


def is_ready(url):
    async def ready():
        nim = NimBackend(NimConfig(base_url=f"{url}/v1"), name="n", connect_s=1)
        assert await nim.ready() is False
        await nim.start()
        try:
            return await nim.ready()
        finally:
            await nim.stop()

    return asyncio.run(ready())


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"object":"health.response","status":"ready"}', True),
        (200, b'{"object":"health.response","message":"Service is ready."}', True),
        (200, b'{"object":"health.response","message":"Service is ready.","status":null}', True),
        (200, b'{"message":"Service is not ready."}', False),
        (200, b'{"status":"unhealthy","endpoints":[]}', False),
        (200, b'{"status":"not ready","message":"ready"}', False),
        (200, b"[]", False),
        (200, b"<html>ready</html>", False),
        (503, b'{"status":"ready"}', False),
    ],
)
def test_the_health_answer_is_read(backend, status, body, expected):
    backend.health[READY] = (status, body)
    backend.health["/v1/health/live"] = (200, b'{"status":"live"}')
    assert is_ready(backend.url) is expected
    assert backend.bodies == []


@pytest.mark.parametrize(("status", "expected"), [(200, True), (401, False)])
def test_the_hosted_service_has_only_its_list_of_models(backend, status, expected):
    backend.health[READY] = (404, b"page not found")
    backend.health["/v1/models"] = (status, b"{}")
    assert is_ready(backend.url) is expected


def test_nobody_there():
    assert not is_ready("http://127.0.0.1:9")


def test_nvext_passes_untouched(start_gateway, backend, monkeypatch):
    monkeypatch.setenv("MY_NIM_KEY", "nvapi-secret")
    body = (
        b'{"model": "meta/llama",  "messages": [{"role":"user","content":"hi"}],'
        b' "nvext": {"guided_choice": ["a", "b"], "top_k": 5}, "min_p": 0.1}'
    )
    with start_gateway(
        backends={"n": {"kind": "nim", "base_url": f"{backend.url}/v1", "api_key_env": "MY_NIM_KEY"}},
        models={"meta/llama": {"route": [{"backend": "n"}]}},
    ) as client:
        response = client.post(body)
    assert response.status_code == 200
    assert "x-gateway-dropped-params" not in response.headers
    assert (backend.bodies, backend.paths) == ([body], ["/v1/chat/completions"])
    assert backend.headers[0]["authorization"] == "Bearer nvapi-secret"


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (
            400,
            {"object": "error", "message": "bad seed", "type": "BadRequestError", "param": None, "code": 400},
            (400, "backend_rejected"),
        ),
        (422, {"detail": [{"msg": "field required"}]}, (422, "backend_rejected")),
        (
            404,
            {"status": 404, "title": "Not Found", "detail": "Function not found for account"},
            (404, "model_not_found"),
        ),
    ],
)
def test_errors(start_gateway, backend, status, answer, expected):
    backend.answers(answer, status)
    with start_gateway(
        backends={"n": {"kind": "nim", "base_url": f"{backend.url}/v1"}}, models={"m": {"route": [{"backend": "n"}]}}
    ) as client:
        response = client.chat("m")
        assert (response.status_code, client.error(response)["code"]) == expected
