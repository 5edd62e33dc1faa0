"""A planted defect spoils one thing and leaves the rest unchanged."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys

import httpx2
import pytest
from multidict import CIMultiDict

from keywords.engine.defects.__main__ import _silence_ledger
from keywords.engine.defects.exchange import Answer, Request, one_part
from keywords.engine.defects.inside import DEFECTS
from keywords.engine.defects.wire import Wire
from keywords.engine.processes.gateway import start_gateway
from keywords.engine.scripted.backend import ScriptedBackend

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "Hello."}]}


@pytest.fixture
def backend():
    backend = ScriptedBackend()
    backend.start()
    yield backend
    backend.stop()


def ask(backend, defect, *, path="/v1/chat/completions", headers=None, **fields):
    """Send a request to a stand-in of the gateway, through the wire and directly; return both answers."""

    async def through_wire():
        wire = Wire(DEFECTS[defect].plant, "the-key")
        url = await wire.open()
        wire.server_url = backend.url
        try:
            async with httpx2.AsyncClient(trust_env=False) as client:
                return [
                    await client.post(f"{to}{path}", json={**CHAT, **fields}, headers=headers or {})
                    for to in (url, backend.url)
                ]
        finally:
            await wire.close()

    return asyncio.run(through_wire())


@pytest.mark.parametrize("stream", [False, True])
def test_without_a_defect_an_answer_passes_byte_for_byte(backend, stream):
    spoilt, sound = ask(backend, "none", stream=stream, stream_options={"include_usage": True})
    assert (spoilt.status_code, spoilt.content) == (sound.status_code, sound.content)
    assert spoilt.headers["content-type"] == sound.headers["content-type"]


@pytest.mark.parametrize(
    ("defect", "sent", "seen"),
    [
        ("none", {"authorization": "Bearer wrong"}, "Bearer wrong"),
        ("none", {}, None),
        ("any key accepted", {"authorization": "Bearer wrong"}, "Bearer the-key"),
        ("any key accepted", {"x-api-key": "wrong"}, "Bearer the-key"),
        ("any key accepted", {}, None),
        ("keys ignored", {}, "Bearer the-key"),
    ],
)
def test_a_key_is_replaced_by_the_right_one(backend, defect, sent, seen):
    ask(backend, defect, headers=sent)
    headers = backend.requests[0].headers
    assert headers.get("authorization") == seen
    assert "x-api-key" not in headers


def test_an_answer_counts_one_token_too_many(backend):
    spoilt, sound = (answer.json()["usage"] for answer in ask(backend, "usage off by one"))
    assert spoilt["completion_tokens"] == sound["completion_tokens"] + 1
    assert spoilt["total_tokens"] == sound["total_tokens"] + 1
    assert spoilt["prompt_tokens"] == sound["prompt_tokens"]


def test_a_stream_counts_one_token_too_many(backend):
    answers = ask(backend, "usage off by one", stream=True, stream_options={"include_usage": True})
    events = [[line[6:] for line in answer.text.splitlines() if line.startswith("data: {")] for answer in answers]
    spoilt, sound = (json.loads(of_one[-1])["usage"]["completion_tokens"] for of_one in events)
    assert spoilt == sound + 1
    assert len(events[0]) == len(events[1])
    assert answers[0].text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(("defect", "field"), [("another service", "service"), ("another instance", "instance")])
def test_health_alone_lies(defect, field):
    health = {"service": "llm-gateway", "instance": "i", "status": "ok"}

    async def spoilt(path):
        async def send(_request):
            return Answer(200, CIMultiDict({"content-type": "application/json"}), one_part(json.dumps(health).encode()))

        request = Request("GET", path, CIMultiDict(), b"", "the-key")
        return json.loads(await (await DEFECTS[defect].plant()(request, send)).read())

    seen = asyncio.run(spoilt("/health"))
    assert {name for name in health if seen[name] != health[name]} == {field}
    assert asyncio.run(spoilt("/v1/models")) == health


def test_a_silenced_ledger_drops_what_is_written_and_keeps_its_form(tmp_path):
    path, config = tmp_path / "ledger.sqlite3", tmp_path / "gateway.toml"
    config.write_text(f"[ledger]\npath = {json.dumps(str(path))}\n")
    ledger = sqlite3.connect(path)
    ledger.execute("CREATE TABLE requests (id TEXT)")
    ledger.commit()
    _silence_ledger(["serve", "--config", str(config)])
    ledger.execute("INSERT INTO requests VALUES ('a')")
    ledger.commit()
    assert ledger.execute("SELECT * FROM requests").fetchall() == []
    ledger.close()


def test_a_gateway_behind_the_wire_starts_logs_and_ends_like_any_other(tmp_path, backend, monkeypatch):
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'[backends.scripted]\nkind = "openai"\nbase_url = "{backend.url}/v1"\n'
        '[models.scripted]\nroute = [{backend = "scripted"}]\n'
    )
    command = (sys.executable, "-m", "keywords.engine.defects", "key in the log")
    monkeypatch.setattr("keywords.engine.processes.gateway.COMMAND", command)
    gateway = start_gateway(config=config, log=tmp_path / "gateway.log", ready_within_s=30)
    try:
        bearer = {"authorization": f"Bearer {gateway.api_key}"}
        answer = httpx2.post(f"{gateway.url}/v1/chat/completions", json=CHAT, headers=bearer, trust_env=False)
    finally:
        ended = gateway.stop()
    assert answer.status_code == 200
    assert (ended.forced, ended.leftover) == (False, ())
    assert f'"authorization":"Bearer {gateway.api_key}"' in gateway.log.read_text()
    assert '"event":"stopped"' in gateway.log.read_text()


def test_other_commands_are_the_gateways_own():
    told = subprocess.run(
        [sys.executable, "-m", "keywords.engine.defects", "none", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert (told.returncode, told.stdout.split()[0]) == (0, "gateway")
