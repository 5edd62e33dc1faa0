"""A file that never answers, such as a pipe without a writer, stops no request; the configuration in force stays."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from gateway.backends.kinds import load
from gateway.backends.openai.token_file import TokenFile
from gateway.config.problems import ConfigError
from gateway.limits import key_file, spending
from gateway.limits.checks import RequestChecks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
CONFIG = """
{keys}
[backends.up]
kind = "openai"
base_url = "{url}"
[models.m]
route = [{{ backend = "up" }}]
"""


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch):
    for module in ("gateway.server.service", "gateway.limits.checks"):
        monkeypatch.setattr(f"{module}.READ_S", 0.3)
    monkeypatch.setattr("gateway.limits.checks.POLL_S", 0.1)


def become_pipe(path):
    path.unlink()
    os.mkfifo(path)


def wait_for(condition, within_s=5):
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_pipe_in_place_of_the_configuration(start_gateway, backend, tmp_path):
    source = tmp_path / "gateway.toml"
    source.write_text(CONFIG.format(keys="", url=backend.url))
    with start_gateway(source) as client:
        become_pipe(source)
        client.service.ask_reload()
        while not client.service._reloads.refused:
            assert client.chat().status_code == 200
        assert client.http.get("/health/ready").json()["configuration"]["newer_refused"]
        source.unlink()
        source.write_text(CONFIG.format(keys="", url=backend.url))
        client.service.ask_reload()
        wait_for(lambda: client.service._reloads.applied)


@pytest.mark.parametrize("reload_too", [False, True])
def test_a_pipe_in_place_of_the_key_file(start_gateway, backend, tmp_path, caplog, reload_too):
    keys = tmp_path / "keys.toml"
    secret = key_file.add(keys, "one", {})
    source = tmp_path / "gateway.toml"
    source.write_text(CONFIG.format(keys=f"[keys]\nfile = {json.dumps(str(keys))}", url=backend.url))
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    with start_gateway(source) as client:
        become_pipe(keys)
        if reload_too:
            client.service.ask_reload()
        until = time.monotonic() + 1
        while time.monotonic() < until:
            assert client.post(body, authorization=f"Bearer {secret}").status_code == 200
        assert ("config_not_reloaded" if reload_too else "keys_not_reloaded") in caplog.text


def hangs(monkeypatch, function):
    """Let the function wait until the test ends, as a file system does whose server is gone."""
    released = threading.Event()
    monkeypatch.setattr(function, lambda *_: released.wait(20))
    return released


@pytest.fixture
def azure(start_gateway, backend, tmp_path, monkeypatch):
    """A client of a gateway whose backend takes its token from `token`; `m` needs none."""
    monkeypatch.setattr("gateway.backends.openai.token_file.READ_S", 0.3)
    monkeypatch.setattr("gateway.backends.openai.token_file.POLL_S", 0)
    (tmp_path / "token").write_text("first-token")
    azure = {"kind": "azure", "base_url": backend.url, "token_file": tmp_path / "token"}
    with start_gateway(
        backends={"azure": azure, "up": {"kind": "openai", "base_url": backend.url}},
        models={"a": {"route": [{"backend": "azure"}]}, "m": {"route": [{"backend": "up"}]}},
    ) as client:
        yield client


def replace(path, kind):
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(kind)


FILES = pytest.mark.parametrize("kind", ["pipe", "folder", "/dev/zero", "/dev/null"])


@FILES
@pytest.mark.parametrize("before", [False, True])
def test_a_token_file_that_is_no_file_is_told(azure, tmp_path, kind, before):
    if before:
        assert azure.chat("a").status_code == 200
    replace(tmp_path / "token", kind)
    response = azure.chat("a")
    assert response.status_code == 503
    assert "no regular file" in azure.error(response)["message"]
    assert azure.chat().status_code == 200
    (tmp_path / "token").unlink() if kind != "folder" else (tmp_path / "token").rmdir()
    (tmp_path / "token").write_text("second-token")
    assert azure.chat("a").status_code == 200


def test_a_token_file_that_hangs_leaves_the_token_in_force(azure, backend, monkeypatch):
    assert azure.chat("a").status_code == 200
    released = hangs(monkeypatch, "gateway.backends.openai.token_file.TokenFile._read_if_changed")
    began = time.monotonic()
    for _ in range(5):
        assert azure.chat("a").status_code == 200
    assert time.monotonic() - began < 1.2  # not one wait for each
    assert backend.headers[-1]["authorization"] == "Bearer first-token"
    released.set()


READ = "gateway.backends.openai.token_file.TokenFile._read_if_changed"


def test_an_attempt_shorter_than_the_wait_for_a_hung_token_file_has_the_token_in_force(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.backends.openai.token_file.READ_S", 60)
    monkeypatch.setattr("gateway.backends.openai.token_file.POLL_S", 0)
    (tmp_path / "token").write_text("first-token")

    async def main():
        file = TokenFile(tmp_path / "token")
        await file.refresh()
        released = hangs(monkeypatch, READ)
        for _ in range(3):
            async with asyncio.timeout(5):
                await file.refresh()
            assert (file.token, file.fault) == ("first-token", "")
        released.set()

    asyncio.run(main())


def test_attempts_shorter_than_the_wait_for_a_hung_token_file_hear_of_it_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.backends.openai.token_file.READ_S", 0.3)
    released = hangs(monkeypatch, READ)

    async def main():
        file = TokenFile(tmp_path / "token")
        for _ in range(4):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await file.refresh()
        return file.fault

    assert "could not be read within" in asyncio.run(main())
    released.set()


def test_a_token_file_that_hangs_from_the_beginning_is_told(azure, monkeypatch):
    released = hangs(monkeypatch, "gateway.backends.openai.token_file.TokenFile._read_if_changed")
    for _ in range(3):
        response = azure.chat("a")
        assert response.status_code == 503
        assert "could not be read within" in azure.error(response)["message"]
        assert azure.chat().status_code == 200
    released.set()
    monkeypatch.undo()
    wait_for(lambda: azure.chat("a").status_code == 200)


@pytest.fixture
def budgeted(tmp_path, backend):
    """The configuration of a gateway with a key that has a budget, and its key and file."""
    keys = tmp_path / "keys.toml"
    secret = key_file.add(keys, "one", {"budget_tokens": 10**9})
    source = tmp_path / "gateway.toml"
    source.write_text(CONFIG.format(keys=f"[keys]\nfile = {json.dumps(str(keys))}", url=backend.url))
    return source, f"Bearer {secret}", spending.path_beside(keys)


BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def file_threads():
    return {thread for thread in threading.enumerate() if thread.name == "file"}


def test_spending_that_cannot_be_written_stops_no_request(start_gateway, budgeted, monkeypatch, caplog):
    others = file_threads()
    source, key, _ = budgeted
    released = hangs(monkeypatch, "gateway.limits.spending.save")
    with start_gateway(source) as client:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            assert client.post(BODY, authorization=key).status_code == 200
        wait_for(lambda: "spending_not_saved" in caplog.text)
        # The one that hangs, and one that looks at the key file.
        assert 1 <= len(file_threads() - others) <= 2
        ending = time.monotonic()
    assert time.monotonic() - ending < 3
    released.set()


def test_spending_is_saved_when_the_file_system_answers_again(start_gateway, budgeted, monkeypatch, caplog):
    source, key, path = budgeted
    with monkeypatch.context() as patch:
        released = hangs(patch, "gateway.limits.spending.save")
        with start_gateway(source) as client:
            assert client.post(BODY, authorization=key).status_code == 200
            wait_for(lambda: "spending_not_saved" in caplog.text)
            patch.undo()
            released.set()
            wait_for(path.exists)
    assert spending.load(path)["one"][0] > 0


@FILES
def test_a_spending_file_that_is_no_file_is_refused_at_the_start(budgeted, kind):
    source, _, path = budgeted
    path.touch()
    replace(path, kind)
    with pytest.raises(ConfigError, match="cannot be read"):
        RequestChecks(load(source))


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_ledger_that_is_no_file_any_more_stops_no_request(start_gateway, backend, tmp_path, caplog, kind):
    path = tmp_path / "ledger.db"
    with start_gateway(
        ledger={"path": path},
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        assert client.chat().status_code == 200
        wait_for(lambda: path.stat().st_size)
        replace(path, kind)
        for _ in range(5):
            assert client.chat().status_code == 200
        wait_for(lambda: "ledger_failed" in caplog.text)


def test_a_ledger_that_hangs_stops_no_request(start_gateway, backend, tmp_path, monkeypatch):
    released = hangs(monkeypatch, "gateway.observability.ledger.Ledger._insert_now")
    monkeypatch.setattr("gateway.observability.background_writer.CLOSE_S", 0.3)
    with start_gateway(
        ledger={"path": tmp_path / "ledger.db"},
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        for _ in range(5):
            assert client.chat().status_code == 200
        ending = time.monotonic()
    assert time.monotonic() - ending < 3
    released.set()


def test_a_file_that_hangs_does_not_keep_the_process_from_ending():
    program = """
import asyncio, threading
from gateway.operating_system.daemon_thread import in_daemon_thread

async def main():
    began = threading.Event()
    reading = asyncio.create_task(in_daemon_thread(lambda: (began.set(), threading.Event().wait())))
    await asyncio.to_thread(began.wait)
    reading.cancel()
    print("ends")

asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (0, "ends\n"), ended.stderr
