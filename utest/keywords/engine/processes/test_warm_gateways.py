"""Gateways from a warm interpreter import nothing more."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keywords.engine.processes.warm_gateways import MODULES
from keywords.engine.warm_start.starter import SUPPORTED, WarmStarter

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="only Linux lets a process go on after a fork")


def test_a_gateway_imports_nothing_when_it_starts(tmp_path, monkeypatch):
    config, log = tmp_path / "gateway.toml", tmp_path / "log"
    config.write_text(
        '[backends.b]\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\n[models.m]\nroute = [{ backend = "b" }]\n'
    )
    # Each process that the interpreter forks then writes what it imports.
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    starter = WarmStarter(MODULES)
    try:
        arguments = ["serve", "--host", "127.0.0.1", "--port", "0", "--config", str(config)]
        environment = {**os.environ, "GATEWAY_API_KEYS": "key"}
        with Path(os.devnull).open("rb") as nothing, log.open("wb") as sink:
            descriptors = (nothing.fileno(), sink.fileno(), sink.fileno())
            process = starter.start(
                "gateway", arguments, cwd=tmp_path, environment=environment, descriptors=descriptors
            )
        deadline = time.monotonic() + 60
        while '"listening"' not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        process.kill()
        process.wait()
    finally:
        starter.close()
    lines = [line for line in log.read_text().splitlines() if line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in lines}
    # Typer's are private modules that each of its programs imports late: they show that the log tells of imports.
    assert imported
    # What Python itself imports late differs between its versions.
    known = {"typer", *sys.stdlib_module_names}
    late = {name for name in imported if name.partition(".")[0] not in known}
    assert late == set(), "add what is not warm to MODULES"


START = """
import importlib, json, os, runpy, signal, sys
from keywords.engine.processes.warm_gateways import MODULES
for module in MODULES:
    importlib.import_module(module)
from gateway.server import listen
known = set(sys.modules)
def tell(_):
    print(json.dumps(sorted(set(sys.modules) - known)), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
listen.log_listening = tell
sys.argv = ["gateway", "serve", "--port", "0", "--config", "gateway.toml"]
runpy.run_module("gateway", run_name="__main__", alter_sys=True)
"""


def test_a_start_imports_nothing_more_of_the_gateway_and_its_packages(tmp_path):
    (tmp_path / "gateway.toml").write_text(
        '[backends.one]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[models.one]\nroute = [{ backend = "one" }]\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=tmp_path,
        env={**os.environ, "GATEWAY_API_KEYS": "of-this-test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    late = json.loads(done.stdout or "null")
    assert late is not None, done.stderr
    heavy = {"aiohttp", "fastapi", "gateway", "pydantic", "sqlite3", "starlette", "uvicorn", "uvloop"}
    assert [name for name in late if name.partition(".")[0] in heavy] == []
