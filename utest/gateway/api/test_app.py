"""Defects of the gateway itself, and its end, as the client sees them."""

import asyncio
import json

import httpx2
import pytest

from gateway.backends.base import Backend
from gateway.backends.kinds import GatewayConfig
from gateway.server.service import Gateway

MODELS = {"m": {"route": [{"backend": "broken"}]}}


class Broken(Backend):
    """Fails in a way that no backend may."""

    async def start(self):
        raise ZeroDivisionError

    async def stop(self):
        raise ZeroDivisionError

    async def ready(self):
        return False

    async def complete(self, call):  # noqa: ARG002  # the interface
        raise ZeroDivisionError

    async def stream(self, call):
        if "late" in call.fields:
            yield b'data: {"choices": []}\n\n'
        raise ZeroDivisionError


def chat(**fields):
    async def ask():
        config = GatewayConfig(backends={"broken": {"kind": "openai", "base_url": "http://x"}}, models=MODELS)
        app = Gateway(config, {"broken": Broken(name="broken")})
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway") as client,
        ):
            await asyncio.sleep(0.01)  # a turn of the loop, so that the backend has begun to start
            body = {"model": "m", "messages": [{"role": "user", "content": "secret words"}], **fields}
            return await client.post("/v1/chat/completions", json=body)

    return asyncio.run(ask())


@pytest.mark.parametrize("stream", [False, True])
def test_a_defect_is_500_for_the_client_and_a_traceback_in_the_log(caplog, stream):
    response = chat(stream=stream)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (500, "internal_error", "server_error")
    assert sorted(error) == ["code", "message", "param", "type"]
    assert "ZeroDivisionError" not in response.text
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.fields["id"] == response.headers["x-request-id"]
    assert "secret words" not in caplog.text


def test_a_defect_in_mid_stream_is_an_error_event():
    response = chat(stream=True, late=True)
    _, failure, done, _ = response.text.split("\n\n")
    assert json.loads(failure.removeprefix("data: "))["error"]["code"] == "internal_error"
    assert done == "data: [DONE]"


def test_one_backends_failure_to_start_or_stop_is_told(caplog):
    assert chat().status_code == 500
    events = [record.fields["event"] for record in caplog.records if hasattr(record, "fields")]
    assert "backend_start_failed" in events
    assert "backend_stop_failed" in events
