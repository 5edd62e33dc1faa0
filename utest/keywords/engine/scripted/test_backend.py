"""The scripted backend plays its script, as a stream and as a plain answer."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx2
import psutil
import pytest

from keywords.engine.scripted.backend import Fault, Script, ScriptedBackend
from keywords.engine.scripted.wire import COUNTED

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "Say five words now"}]}


@pytest.fixture
def backend(scripted):
    return scripted


@pytest.fixture
def client(backend):
    with httpx2.Client(base_url=backend.url, timeout=5, trust_env=False) as client:
        yield client


def events(text):
    return [line.removeprefix("data: ") for line in text.split("\n\n") if line]


def read_until(error, client, path):
    received = bytearray()

    def read():
        with client.stream("POST", path, json=CHAT | {"stream": True}, timeout=0.5) as answer:
            for piece in answer.iter_raw():
                received.extend(piece)

    with pytest.raises(error):
        read()
    return bytes(received)


def test_openai_plain_answer_is_a_full_object(backend, client):
    backend.script = Script(chunks=("a", "b", "c"), finish_reason="length")
    answer = client.post("/v1/chat/completions", json=CHAT).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == "abc"
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"] == {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}


def test_openai_stream_says_the_same_and_closes(backend, client):
    asked = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, done = events(client.post("/v1/chat/completions", json=asked).text)
    parsed = [json.loads(chunk) for chunk in chunks]
    text = "".join(c["delta"].get("content", "") for p in parsed for c in p["choices"])
    assert text == "".join(backend.script.chunks)
    assert [c["finish_reason"] for p in parsed for c in p["choices"] if c["finish_reason"]] == ["stop"]
    assert (parsed[-1]["choices"], parsed[-1]["usage"]["completion_tokens"]) == ([], 5)
    assert done == "[DONE]"


def test_ollama_streams_unless_told_not_to(backend, client):
    lines = [json.loads(line) for line in client.post("/api/chat", json=CHAT).text.splitlines()]
    assert "".join(line["message"]["content"] for line in lines) == "".join(backend.script.chunks)
    assert [line["done"] for line in lines] == [False] * 5 + [True]
    assert lines[-1]["eval_count"] == 5
    whole = client.post("/api/chat", json=CHAT | {"stream": False}).json()
    assert (whole["message"]["content"], whole["done_reason"]) == ("One two three four.", "stop")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
def test_a_cut_breaks_the_connection_after_so_many_chunks(backend, client, path):
    backend.script = Script(chunk_delay=0.02, fault=Fault("cut", after=2))
    received = read_until(httpx2.TransportError, client, path)
    assert b"two" in received
    assert b"three" not in received


def test_a_plain_answer_is_cut_within_its_body(backend, client):
    backend.script = Script(fault=Fault("cut", after=0))
    with pytest.raises(httpx2.TransportError):
        client.post("/v1/chat/completions", json=CHAT)


@pytest.mark.parametrize(("path", "error"), [("/v1/chat/completions", "error"), ("/api/chat", "error")])
def test_an_error_in_the_stream_comes_after_so_many_chunks(backend, client, path, error):
    backend.script = Script(fault=Fault("error", after=1))
    text = client.post(path, json=CHAT | {"stream": True}).text
    assert "One" in text
    assert "two" not in text
    assert error in json.loads(text.split("\n")[-2 if path == "/api/chat" else -3].removeprefix("data: "))


def test_silence_lasts_until_the_client_gives_up(backend, client):
    backend.script = Script(fault=Fault("silence", after=1))
    received = read_until(httpx2.ReadTimeout, client, "/api/chat")
    assert received.count(b"\n") == 1


@pytest.mark.parametrize(("path", "end"), [("/v1/chat/completions", b"[DONE]"), ("/v1/messages", b"message_stop")])
def test_a_whole_stream_may_lack_its_end(backend, client, path, end):
    backend.script = Script(fault=Fault("no_end", after=0))
    received = read_until(httpx2.ReadTimeout, client, path)
    assert (b"reason" in received, end in received) == (True, False)
    assert client.post(path, json=CHAT).status_code == 200


def test_an_error_status_carries_headers_and_body(backend, client):
    backend.script = Script(status=429, headers={"retry-after": "7"}, body=b"slow down")
    answer = client.post("/v1/chat/completions", json=CHAT)
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (429, "7", b"slow down")
    backend.script = Script(status=500)
    assert client.post("/api/chat", json=CHAT).json() == {"error": "Scripted error 500."}


def test_delays_are_kept(backend, client):
    backend.script = Script(chunks=("a", "b", "c"), first_delay=0.2, chunk_delay=0.1)
    started = time.monotonic()
    client.post("/v1/chat/completions", json=CHAT | {"stream": True})
    assert time.monotonic() - started >= 0.5


def test_requests_are_recorded_byte_for_byte_and_keys_are_not_shown(backend, client):
    body = b'{"model": "scripted",  "messages": [], "caf\xc3\xa9": 1, "stream": false}'
    client.get("/v1/models")
    client.post("/v1/chat/completions", content=body, headers={"authorization": "Bearer sk-canary"})
    (request,) = backend.chat_requests()
    assert request.body == body
    assert request.headers["authorization"] == "Bearer sk-canary"
    assert "sk-canary" not in repr(request)
    assert len(backend.requests) == 2


def test_models_are_listed_on_both_wires_and_the_rest_is_not_found(client):
    assert client.get("/v1/models").json()["data"][0]["id"] == "one"
    assert client.get("/api/tags").json()["models"][0]["name"] == "one"
    assert client.get("/api/version").status_code == 200
    assert client.get("/nothing").status_code == 404
    assert client.get("/tokenize").status_code == 404
    assert client.post("/tokenize", json={"messages": []}).json()["count"] == COUNTED


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_body_that_is_no_object_is_refused(client, body):
    assert client.post("/v1/chat/completions", content=body).status_code == 400


def test_a_script_that_cannot_happen_is_refused():
    with pytest.raises(ValueError, match=r"Fault cut after=6 does not fit 5 chunks: give 0 to 5\."):
        Script(fault=Fault("cut", after=6))


def test_a_stopped_backend_gives_its_port_back():
    backend = ScriptedBackend()
    backend.start()
    backend.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(backend.url + "/v1/models", trust_env=False)


@pytest.fixture
def by_hand():
    started = []

    def by_hand(*options):
        command = [sys.executable, "-m", "keywords.engine.scripted_backend", *options]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1], started[-1].stdout.readline().strip()

    yield by_hand
    for process in started:
        process.kill()
        process.communicate()


def test_it_runs_by_hand(by_hand):
    process, url = by_hand("--words", "3", "--models", "a", "b", "--core", "0")
    models = httpx2.get(f"{url}/v1/models", trust_env=False).json()["data"]
    assert [model["id"] for model in models] == ["a", "b"]
    answer = httpx2.post(f"{url}/v1/chat/completions", json=CHAT, trust_env=False).json()
    assert answer["choices"][0]["message"]["content"] == " w000 w001 w002"
    if hasattr(os, "sched_getaffinity"):
        assert os.sched_getaffinity(process.pid) == {0}
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0


def test_it_plays_a_file_by_hand(by_hand, tmp_path):
    file = tmp_path / "script.json"
    file.write_text('[{"status": 429, "retry_after_s": 2}, {"chunks": ["fine"]}]')
    _, url = by_hand("--script", str(file))
    with httpx2.Client(base_url=url, trust_env=False) as client:
        first, second = (client.post("/v1/chat/completions", json=CHAT) for _ in range(2))
    assert (first.status_code, first.headers["retry-after"]) == (429, "2")
    assert second.json()["choices"][0]["message"]["content"] == "fine"


def test_it_does_not_outlive_who_started_it():
    code = (
        "import time; from keywords.engine.scripted.backend import ScriptedBackend; backend = ScriptedBackend(); "
        "backend.start(); print(backend.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone == [child]


def test_all_requests_are_counted_and_can_be_forgotten(backend, client):
    before = backend.count()
    for _ in range(3):
        client.get("/v1/models")
    backend.forget_requests()
    assert (backend.count() - before, backend.requests) == (3, [])
