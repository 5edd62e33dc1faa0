"""Keys that are made and shown nowhere, answers that are counted, waits that obey."""

import json
import threading
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest
from robot.api.types import Secret

from keywords.engine.http.exchange import Exchange
from keywords.engine.openai.client import ChatClient
from keywords.engine.processes.gateway_command import CommandResult
from keywords.gateway import keys
from keywords.gateway.keys import KeysLibrary, MadeKey


def answer(status, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange("POST", "http://x", {}, b"", 0.0, status=status, response_headers=named)


@pytest.fixture
def library():
    return KeysLibrary()


@pytest.fixture
def key(tmp_path):
    file, secret = tmp_path / "keys.toml", "gw-0123456789abcdef"
    file.write_text(sha256(secret.encode()).hexdigest())
    return MadeKey(file, Secret(secret))


def test_a_key_is_made_in_a_file_of_its_own(library, tmp_path, monkeypatch):
    monkeypatch.setattr("keywords.run.output_folder.work_folder", lambda: tmp_path)
    one, two = library.make_key("alice", "--rpm", "3"), library.make_key("alice")
    assert one.file != two.file
    assert "rpm = 3" in one.file.read_text()
    assert len(one.secret.value) > 40
    library.file_of_keys_should_hold_only_the_hash(one)


def test_a_command_that_fails_is_a_failure(library, tmp_path, monkeypatch):
    monkeypatch.setattr("keywords.run.output_folder.work_folder", lambda: tmp_path)
    monkeypatch.setattr(keys, "run_command", lambda *_, **__: CommandResult(1, "", "bad name"))
    with pytest.raises(AssertionError, match="bad name"):
        library.make_key("a b")


@pytest.mark.parametrize("text", ["", "gw-0123456789ab and the hash: ", "456789abcdef and the hash: "])
def test_a_file_with_a_part_of_the_key_or_without_its_hash_is_found(library, key, text):
    hashed = key.file.read_text() if text else ""
    key.file.write_text(text + hashed)
    with pytest.raises(AssertionError, match=r"does not hold the key's SHA-256|holds a part of the key itself"):
        library.file_of_keys_should_hold_only_the_hash(key)


def test_a_text_with_the_key_is_found_and_not_repeated(library, key):
    library.text_should_not_contain_the_key("nothing", key)
    with pytest.raises(AssertionError) as failed:
        library.text_should_not_contain_the_key(f"it is {key.secret.value}", key)
    assert key.secret.value not in str(failed.value)


def test_a_field_is_json_or_a_text(library, monkeypatch):
    client = SimpleNamespace(request=lambda prompt: {"prompt": prompt})
    client.send = lambda _method, _path, *, body, headers: (json.loads(body), headers)
    monkeypatch.setattr(keys.target, "client", lambda: client)
    for send in (library.send_chats, library.send_chats_together):
        [(body, _)] = send(1, max_tokens="5", model="brief", user='"7"')
        assert body == {"prompt": "Hello.", "max_tokens": 5, "model": "brief", "user": "7"}


@pytest.fixture
def client(monkeypatch, scripted):
    client = ChatClient(scripted.url, api_key=None, model="one")
    monkeypatch.setattr(keys.target, "client", lambda: client)
    return client


@pytest.mark.usefixtures("client")
def test_held_chats_meet_at_the_backend_and_are_all_answered(library, scripted, monkeypatch):
    monkeypatch.setattr(keys, "_REFUSED_WITHIN_S", 0.5)
    sent = library.send_chats_together_while_held(3, scripted, refused=1)
    assert [exchange.status for exchange in sent] == [200, 200, 200]
    requests = scripted.chat_requests()
    assert max(request.at_s for request in requests) < min(request.ended_at_s for request in requests)


def test_held_chats_are_released_when_so_many_are_refused(library, client, scripted):
    free, refused = threading.Semaphore(2), Exchange("POST", "http://x", {}, b"", 0.0, status=429)
    send = client.send
    client.send = lambda *args, **fields: send(*args, **fields) if free.acquire(blocking=False) else refused
    sent = library.send_chats_together_while_held(5, scripted, refused=3)
    assert sorted(exchange.status for exchange in sent) == [200, 200, 429, 429, 429]


def test_chats_are_sent_until_one_has_the_status(library, monkeypatch):
    statuses = iter([200, 500, 503, 200])
    monkeypatch.setattr(keys, "_chat", lambda _: lambda: answer(next(statuses)))
    assert library.send_chats_until(503).status == 503
    monkeypatch.setattr(keys, "_chat", lambda _: lambda: answer(200))
    with pytest.raises(AssertionError, match=r"should end with 429, but their statuses are \[200, 200\]"):
        library.send_chats_until(429, at_most=2)


def test_statuses_are_counted(library):
    answers = [answer(200), answer(429), answer(429)]
    assert library.get_status_count(answers, 429) == 2
    assert library.get_answer_with(answers, 429) is answers[1]
    with pytest.raises(AssertionError, match=r"No answer with 503 among \[200, 429, 429\]"):
        library.get_answer_with(answers, 503)


def test_a_wait_takes_as_long_as_it_was_told(library, monkeypatch):
    slept = []
    monkeypatch.setattr(keys, "time", SimpleNamespace(sleep=slept.append))
    assert library.wait_as_told(answer(429, retry_after="17")) == 17
    assert slept == [17]


@pytest.mark.parametrize("told", [{}, {"retry_after": "soon"}, {"retry_after": "31"}])
def test_a_refusal_that_does_not_tell_a_bearable_wait_is_a_failure(library, told):
    with pytest.raises(AssertionError, match="whole seconds"):
        library.wait_as_told(answer(429, **told))


def test_a_status_is_waited_for_and_no_longer(library, monkeypatch):
    statuses = iter([200, 200, 401])
    monkeypatch.setattr(keys, "_chat", lambda _: lambda: answer(next(statuses)))
    assert library.status_should_become(401, within=timedelta(seconds=5)) < 5
    monkeypatch.setattr(keys, "_chat", lambda _: lambda: answer(200))
    with pytest.raises(AssertionError, match="still 200"):
        library.status_should_become(401, within=timedelta(seconds=0.2))
