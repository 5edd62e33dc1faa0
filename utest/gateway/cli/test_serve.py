"""`gateway serve` as a process: its address, its log, its end."""

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

CONFIG = """
[backends.up]
kind = "openai"
base_url = "http://127.0.0.1:9/v1"
[models.m]
route = [{ backend = "up" }]
"""


@pytest.fixture
def serve(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    started = []

    def serve(*options, keys="canary-key"):
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(path), *options]
        environment = {**os.environ, "GATEWAY_API_KEYS": keys, "GATEWAY_INSTANCE": "this-one"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        started.append(process)
        return process

    yield serve
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_logs_requests_and_ends_cleanly(serve, number):
    process = serve("--port", "0")
    url = next(entry["url"] for entry in map(json.loads, process.stderr) if entry["event"] == "listening")
    with urllib.request.urlopen(f"{url}/health") as response:
        assert json.load(response)["instance"] == "this-one"
    request = urllib.request.Request(f"{url}/v1/models", headers={"authorization": "Bearer canary-key"})
    with urllib.request.urlopen(request) as response:
        assert response.status == 200
    body = {"model": "m", "messages": [{"role": "user", "content": "canary-prompt"}]}
    headers = {"authorization": "Bearer canary-key", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions?canary-query", json.dumps(body).encode(), headers)
    with pytest.raises(urllib.error.HTTPError, match="502") as refusal:
        urllib.request.urlopen(request)
    refusal.value.close()
    stopped_at = time.monotonic()
    process.send_signal(number)
    entries = [json.loads(line) for line in process.stderr]
    assert process.wait(5) == 0
    assert time.monotonic() - stopped_at < 5
    requests = [entry for entry in entries if entry["event"] == "request"]
    assert [(entry["path"], entry["status"]) for entry in requests] == [
        ("/health", 200),
        ("/v1/models", 200),
        ("/v1/chat/completions", 502),
    ]
    assert (requests[-1]["model"], requests[-1]["backend"], requests[-1]["code"]) == ("m", "up", "backend_refused")
    assert entries[-1]["event"] == "stopped"
    assert "canary" not in json.dumps(entries)
    assert "open_to_everyone" not in json.dumps(entries)


@pytest.mark.parametrize(
    ("host", "beyond", "who"),
    [("127.0.0.1", False, "everyone on this machine"), ("0.0.0.0", True, "everyone whom the network lets reach this")],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_keys_it_says_once_who_may_come(serve, host, beyond, who, workers):
    process = serve("--port", "0", "--host", host, "--workers", workers, keys="")
    entries = []
    while not entries or entries[-1]["event"] != "listening":
        entries.append(json.loads(process.stderr.readline()))
    process.send_signal(signal.SIGTERM)
    entries += map(json.loads, process.stderr)
    (opened,) = [entry for entry in entries if entry["event"] == "open_to_everyone"]
    assert (opened["level"], opened["reachable_from_network"]) == ("WARNING", beyond)
    assert who in opened["reason"]
    assert "GATEWAY_API_KEYS" in opened["fix"]


def test_a_taken_port_is_said_plainly(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = serve("--port", str(taken.getsockname()[1]))
        assert process.wait(20) == 2
        output = process.stderr.read().decode()
    assert "cannot listen on 127.0.0.1" in output
    assert "choose another --port" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid"])
def test_a_host_that_is_not_here_is_said_plainly(serve, host):
    process = serve("--port", "0", "--host", host)
    assert process.wait(20) == 2
    output = process.stderr.read().decode()
    assert f"server.host: cannot listen on '{host}'" in output
    assert "choose another --host" in output
    assert "Traceback" not in output


def test_it_tells_its_version():
    output = subprocess.run([sys.executable, "-m", "gateway", "--version"], capture_output=True, check=True).stdout
    assert output.decode().strip() == f"gateway {importlib.metadata.version('llm-gateway-qa')}"
