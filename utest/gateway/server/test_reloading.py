"""Reading the configuration again while serving."""

import asyncio
import json
import logging
import os
import time
from contextlib import contextmanager

import pytest
from aiohttp import web

from gateway.limits import key_file

TEXT = """
{more}
[backends.up]
kind = "openai"
base_url = "{url}"
[models.m]
route = [{{ backend = "up" }}]
"""
MORE = '[models.more]\nroute = [{ backend = "up" }]\n'


class Reloaded:
    """A client, and the file of its gateway's configuration."""

    def __init__(self, client, path, url):
        self.service, self.http, self.chat = client.service, client.http, client.chat
        self.path = path
        self.url = url

    @property
    def tried(self):
        reloads = self.service._reloads
        return reloads.applied + reloads.refused

    def write(self, more="", **changes):
        self.path.write_text(TEXT.format(**{"more": more, "url": self.url} | changes))

    def reload(self, more="", **changes):
        """Write the file, ask for it to be read, and wait until it was."""
        before = self.tried
        self.write(more, **changes)
        self.service.ask_reload()
        self.wait(lambda: self.tried > before)

    def wait(self, condition, within_s=5):
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    @property
    def models(self):
        return [model["id"] for model in self.http.get("/v1/models").json()["data"]]


@pytest.fixture
def running(start_gateway, backend, tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.server.reloading.POLL_S", 0.05)
    path = tmp_path / "gateway.toml"

    @contextmanager
    def run(more=""):
        path.write_text(TEXT.format(more=more, url=backend.url))
        with start_gateway(path) as client:
            yield Reloaded(client, path, backend.url)

    return run


def events(caplog, name):
    return [record.fields for record in caplog.records if getattr(record, "fields", {}).get("event") == name]


def test_a_model_that_was_added_answers(running, caplog):
    caplog.set_level(logging.INFO)
    with running() as client:
        client.reload(MORE)
        assert client.chat("more").status_code == 200
    assert events(caplog, "config_reloaded")[0]["changed"] == ['models."more"']


def test_a_change_of_the_file_is_enough(running):
    with running() as client:
        client.write(MORE)
        client.wait(lambda: client.models == ["more", "m"])


def test_unless_it_shall_not_be(running):
    with running("[server]\nwatch = false") as client:
        client.write(MORE)
        time.sleep(0.3)
        assert client.models == ["m"]


@pytest.mark.parametrize("text", ["broken = [", '[backends.up]\nkind = "opnai"\n', "[timeouts]\nconnect = 3\n"])
def test_a_bad_file_changes_nothing_and_is_told(running, caplog, text):
    with running() as client:
        client.write()
        client.path.write_text(text)
        client.wait(lambda: client.service._reloads.refused)
        assert client.chat().status_code == 200
        ready = client.http.get("/health/ready").json()
        assert ready["configuration"]["newer_refused"]
        page = client.http.get("/metrics").text
        assert "gateway_config_reload_last_refused 1.0" in page
        assert 'gateway_config_reload_total{outcome="refused"} 1.0' in page
        client.reload(MORE)
        assert not client.http.get("/health/ready").json()["configuration"]["newer_refused"]
        assert client.models == ["more", "m"]
    assert len(events(caplog, "config_not_reloaded")) == 1
    assert events(caplog, "config_not_reloaded")[0]["problems"]


def test_a_file_that_is_gone_changes_nothing(running):
    with running() as client:
        client.path.unlink()
        time.sleep(0.3)
        assert client.tried == 0
        client.service.ask_reload()
        client.wait(lambda: client.tried)
        assert client.chat().status_code == 200


def test_what_a_reload_started_is_stopped_when_it_fails_at_the_end(running, monkeypatch):
    async def fail(*_):
        raise RuntimeError("no")

    stopped = []
    monkeypatch.setattr("gateway.limits.checks.RequestChecks.take_over", fail)
    with running() as gateway:
        monkeypatch.setattr("gateway.server.service._stop", lambda backends: asyncio.sleep(0, stopped.extend(backends)))
        gateway.reload(MORE, url=f"{gateway.url}/other")
        assert [backend.config.base_url for backend in stopped] == [f"{gateway.url}/other"]
        assert gateway.models == ["m"]


def test_a_stream_under_way_ends_at_its_backend(running, backend):
    async def script(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(backend.chunk("a"))
        while client.tried == 0:  # noqa: ASYNC110  # no event comes from the other thread
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await response.write(backend.chunk("b"))
        await response.write(backend.chunk(None, "stop"))
        return response

    backend.script = script
    with running() as client:
        (old,) = client.service._current.backends.values()
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        with client.http.stream("POST", "/v1/chat/completions", json=body) as response:
            lines = response.iter_lines()
            assert '"a"' in next(lines)
            client.reload(MORE, url="http://127.0.0.1:9")
            assert old._connection is not None
            rest = "".join(lines)
        assert '"b"' in rest
        assert rest.endswith("data: [DONE]")
        client.wait(lambda: old._connection is None)
        assert client.chat().status_code == 502


def test_a_backend_whose_table_did_not_change_goes_on(running, backend):
    with running("[breaker]\nconsecutive_failures = 1\nopen_s = 60\n") as client:
        before = client.service._current.backends["up"]
        backend.answers({}, 500)
        client.chat()
        assert client.chat().status_code == 503
        client.reload("[breaker]\nconsecutive_failures = 1\nopen_s = 60\n" + MORE)
        assert client.service._current.backends["up"] is before
        assert client.chat().status_code == 503, "its breaker is still open"
        client.reload("[breaker]\nconsecutive_failures = 2\nopen_s = 60\n")
        assert client.chat().status_code == 502, "other rules begin anew"


SPARE = """
[backends.spare]
kind = "openai"
base_url = "{url}/spare"
"""
BOTH = (
    SPARE
    + """
[models."both"]
route = [{{ backend = "up" }}, {{ backend = "spare" }}]
"""
)


def refuse_first(backend):
    """Let `up` answer 429 with a wait of 30 s, and `spare` well."""

    async def script(request):
        if request.path.startswith("/spare"):
            return web.json_response({"choices": []})
        return web.json_response({"error": {"message": "no"}}, status=429, headers={"retry-after": "30"})

    backend.script = script


def test_a_wait_that_a_backend_asked_for_outlives_a_reload_and_other_rules_of_breakers(running, backend):
    refuse_first(backend)
    both = BOTH.format(url=backend.url)
    with running(both) as client:
        assert client.chat("both").headers["x-gateway-attempts"] == "2"
        client.reload(both + MORE)
        assert client.chat("both").headers["x-gateway-attempts"] == "1"
        client.reload("[breaker]\nconsecutive_failures = 1\n" + both)
        assert client.chat("both").headers["x-gateway-attempts"] == "1"


def test_a_backend_that_is_removed_in_its_wait_is_forgotten(running, backend):
    refuse_first(backend)
    both = BOTH.format(url=backend.url)
    with running(both) as client:
        client.chat("both")
        assert "gateway_cooldown_seconds{" in client.http.get("/metrics").text
        client.reload(SPARE.format(url=backend.url) + '[models."both"]\nroute = [{ backend = "spare" }]\n')
        assert client.chat("both").headers["x-gateway-attempts"] == "1"
        assert "gateway_cooldown_seconds{" not in client.http.get("/metrics").text
        assert client.http.get("/health/ready").json()["cooldowns"] == {}


def test_a_backend_that_gets_an_alternative_gets_a_breaker(running, backend):
    backend.answers({}, 500)
    with running(SPARE.format(url="http://127.0.0.1:9")) as client:
        assert {client.chat().status_code for _ in range(7)} == {502}
        assert client.http.get("/health/ready").json()["breakers"] == {}
        client.reload(BOTH.format(url="http://127.0.0.1:9"))
        assert {client.chat("both").status_code for _ in range(7)} == {502}
        assert client.http.get("/health/ready").json()["breakers"] == {"up": "open", "spare": "open"}
        assert client.chat().status_code == 502, "it is asked where it has no alternative"
        client.reload(SPARE.format(url="http://127.0.0.1:9"))
        assert client.http.get("/health/ready").json()["breakers"] == {}


def test_what_a_key_has_used_is_remembered(running):
    with running("[keys]\nrpm = 3") as client:
        assert [client.chat().status_code for _ in range(2)] == [200, 200]
        client.reload("[keys]\nrpm = 3\n" + MORE)
        assert [client.chat().status_code for _ in range(2)] == [200, 429]


def test_the_file_of_keys_is_read_too(running, tmp_path):
    path = tmp_path / "keys.toml"
    key = key_file.add(path, "alice", {})
    with running() as client:
        assert client.chat().status_code == 200
        client.reload(f"[keys]\nfile = {json.dumps(str(path))}")
        assert client.chat().status_code == 401
        client.http.headers["authorization"] = f"Bearer {key}"
        assert client.chat().status_code == 200
        key_file.revoke(path, "alice")
        client.reload(f"[keys]\nfile = {json.dumps(str(path))}")
        assert client.chat().status_code == 401


def test_what_holds_until_a_restart_is_named(running, caplog):
    with running() as client:
        client.reload("[server]\nport = 1\n[limits]\nmessages = 1\n")
        assert client.service._current.config.server.port != 1
    assert events(caplog, "config_needs_restart")[0]["settings"] == ["server.port"]


def test_limits_that_would_not_hold_are_refused(running):
    with running() as client:
        client.service._worker = type(client.service._worker)(0, 2)
        client.reload("[keys]\nrpm = 3")
        assert client.service._reloads.refused == 1


def test_a_file_that_was_only_touched_is_read_again(running):
    with running() as client:
        assert client.tried == 0
        os.utime(client.path)
        client.wait(lambda: client.tried == 1)
