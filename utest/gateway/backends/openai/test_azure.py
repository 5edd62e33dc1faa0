"""Azure OpenAI: its addresses, keys and tokens, and its first frame."""

import asyncio
import json

import pytest

from gateway.backends.kinds import load
from gateway.backends.openai.azure import AzureBackend, AzureConfig
from gateway.config.problems import ConfigError

FILTERS = [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}]
FIRST = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": FILTERS}


def event(chunk):
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def chunk(content=None, finish=None):
    delta = {} if content is None else {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "content_filter_results": {}}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice], "usage": None}


@pytest.fixture
def azure(start_gateway, backend, monkeypatch, tmp_path):
    """A client whose models lead to a deployment, to v1, and to a deployment by token."""
    monkeypatch.setenv("MY_AZURE_KEY", "azure-secret")
    monkeypatch.setattr("gateway.backends.openai.token_file.POLL_S", 0)
    (tmp_path / "token").write_text("first-token\n")
    address = {"kind": "azure", "base_url": backend.url}
    with start_gateway(
        backends={
            "legacy": {**address, "api_version": "2024-10-21", "api_key_env": "MY_AZURE_KEY"},
            "v1": {**address, "api_key_env": "MY_AZURE_KEY"},
            "entra": {**address, "token_file": tmp_path / "token"},
        },
        models={name: {"route": [{"backend": name, "model": "my deployment"}]} for name in ("legacy", "v1", "entra")},
    ) as client:
        yield client


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("legacy", "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"),
        ("v1", "/openai/v1/chat/completions"),
    ],
)
def test_both_addresses_take_the_key_in_their_own_header(azure, backend, model, path, stream):
    if stream:
        backend.streams(event(chunk("a")), event(chunk(None, "stop")))
    assert azure.chat(model, stream=stream, seed=1, x_new=2).status_code == 200
    assert backend.paths == [path]
    assert backend.headers[0]["api-key"] == "azure-secret"
    assert "authorization" not in backend.headers[0]
    assert json.loads(backend.bodies[0]) == {
        "model": "my deployment", "messages": [{"role": "user", "content": "hi"}], "stream": stream, "seed": 1,
        "x_new": 2,
    }  # fmt: skip


def test_a_token_is_read_anew_when_its_file_changes(azure, backend, tmp_path):
    azure.chat("entra")
    azure.chat("entra")
    renewed = tmp_path / "renewed"
    renewed.write_text("second-token")
    renewed.replace(tmp_path / "token")
    azure.chat("entra")
    assert [headers["authorization"] for headers in backend.headers] == [
        "Bearer first-token", "Bearer first-token", "Bearer second-token",
    ]  # fmt: skip
    assert "api-key" not in backend.headers[0]


def test_without_its_token_file_it_is_unavailable(azure, backend, tmp_path):
    (tmp_path / "token").unlink()
    response = azure.chat("entra")
    assert (response.status_code, azure.error(response)["code"]) == (503, "backend_unavailable")
    assert "token_file" in azure.error(response)["message"]
    assert backend.bodies == []
    assert azure.http.get("/health/ready").json()["models"]["entra"]["ready"] is False


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        *((content, "it holds something else") for content in (b"two\nlines", b"\xff\xfe", b"a token")),
        *((content, "it is empty") for content in (b"", b"\n")),
    ],
)
def test_a_token_file_without_a_token_is_told(azure, backend, tmp_path, content, reason):
    (tmp_path / "token").write_bytes(content)
    response = azure.chat("entra")
    assert (response.status_code, azure.error(response)["code"]) == (503, "backend_unavailable")
    assert reason in azure.error(response)["message"]
    assert backend.bodies == []


@pytest.mark.parametrize("together", [False, True])
def test_the_first_frame_without_choices_joins_the_next(azure, backend, together):
    pieces = [event(FIRST), event(chunk("a")), event(chunk("b")), event(chunk(None, "stop")), b"data: [DONE]\n\n"]
    backend.streams(*([b"".join(pieces)] if together else pieces))
    first, *rest, done = azure.events("v1")
    assert first == {"prompt_filter_results": FILTERS, **chunk("a")}
    assert (rest, done) == ([chunk("b"), chunk(None, "stop")], "[DONE]")


def test_a_first_frame_that_cannot_be_joined_is_a_bad_answer(azure, backend):
    deep = event(chunk("a")).replace(b'"usage"', b'"x": ' + b"[" * 300 + b"]" * 300 + b', "usage"')
    backend.streams(event(FIRST), deep, event(chunk(None, "stop")), b"data: [DONE]\n\n")
    response = azure.chat("v1", stream=True)
    assert (response.status_code, azure.error(response)["code"]) == (502, "backend_bad_answer")


def test_the_usage_frame_without_choices_stays(azure, backend):
    usage = {"choices": [], "usage": {"total_tokens": 3}}
    backend.streams(event(chunk("a")), event(chunk(None, "stop")), event(usage), b"data: [DONE]\n\n")
    assert azure.events("v1", stream_options={"include_usage": True})[-2] == usage


def test_a_failure_right_after_the_first_frame_is_a_real_status(azure, backend):
    error = {"error": {"code": "429", "message": "slow down"}}
    backend.streams(event(FIRST), event({**error, "status": 429}))
    response = azure.chat("v1", stream=True)
    assert (response.status_code, azure.error(response)["code"]) == (429, "rate_limit_exceeded")


@pytest.mark.parametrize(
    ("headers", "seconds", "milliseconds"),
    [
        ({"retry-after-ms": "1500"}, "2", "1500"),
        ({"x-ms-retry-after-ms": "250.5"}, "1", "250.5"),
        ({"retry-after": "7", "retry-after-ms": "6100"}, "7", "6100"),
        ({"retry-after": "7"}, "7", None),
        ({"retry-after-ms": "soon"}, None, None),
    ],
)
def test_retry_after_in_milliseconds_is_understood(azure, backend, headers, seconds, milliseconds):
    backend.answers({"error": {"code": "429", "message": "Requests to it have exceeded the rate limit."}}, 429, headers)
    response = azure.chat("legacy")
    assert response.status_code == 429
    assert response.headers.get("retry-after") == seconds
    assert response.headers.get("retry-after-ms") == milliseconds


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (404, {"code": "DeploymentNotFound", "message": "no such deployment"}, (404, "DeploymentNotFound")),
        (401, {"code": "401", "message": "Access denied: azure-secret"}, (502, "backend_refused")),
        (
            400,
            {"code": "content_filter", "message": "filtered", "param": "prompt", "status": 400, "innererror": {}},
            (400, "content_filter"),
        ),
    ],
)
def test_errors(azure, backend, status, error, expected):
    backend.answers({"error": error}, status)
    response = azure.chat("legacy")
    assert (response.status_code, azure.error(response)["code"]) == expected
    assert "azure-secret" not in response.text


@pytest.mark.parametrize("version", [None, "2024-10-21"])
def test_readiness_asks_for_the_models(backend, version):
    path = "/openai/v1/models" if version is None else f"/openai/models?api-version={version}"

    async def ready():
        azure = AzureBackend(AzureConfig(base_url=backend.url, api_version=version), name="a", connect_s=1)
        assert await azure.ready() is False
        await azure.start()
        try:
            return await azure.ready()
        finally:
            await azure.stop()

    assert asyncio.run(ready())
    backend.health[path] = (401, b"{}")
    assert not asyncio.run(ready())
    assert backend.bodies == []


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ('api_version = "latest"', "api_version"),
        ('api_key_env = "HOME"\ntoken_file = "/tmp/x"', "remove the other"),
    ],
)
def test_a_bad_configuration(tmp_path, lines, word):
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[backends.a]\nkind = "azure"\nbase_url = "https://x.openai.azure.com"\n{lines}\n'
        '[models.m]\nroute = [{ backend = "a" }]\n'
    )
    with pytest.raises(ConfigError, match=word):
        load(path)
