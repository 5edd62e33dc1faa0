"""A file that never answers, such as a pipe without a writer, stops no request; the configuration in force stays."""

import json
import os
import subprocess
import sys
import time

import pytest

from gateway.limits import key_file

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
