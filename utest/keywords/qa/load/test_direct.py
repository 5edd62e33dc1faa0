"""The same prompts through a gateway and to the server behind it."""

import re

import pytest

from keywords.engine.scripted.backend import Script, ScriptedBackend


@pytest.fixture
def behind():
    direct = ScriptedBackend()
    direct.start()
    yield direct
    direct.stop()


def test_the_same_prompts_go_to_the_server_behind_in_turn_with_its_own_key(load, backend, behind, monkeypatch, stored):
    monkeypatch.setenv("GATEWAY_API_KEY", "sk-of-the-gateway-alone")
    monkeypatch.setenv("DIRECT_API_KEY", "sk-of-the-server-behind")
    backend.forget_requests()
    done = load("--direct", behind.url, "--users", "2", "--requests", "40", "--seed", "5")
    assert done.exit_code == 0, done.output
    runs = stored()
    assert [run.series for run in runs] == ["options", "options direct", "options direct", "options"]
    assert [run.target for run in runs] == [backend.url, behind.url, behind.url, backend.url]
    assert [run.options["seed"] for run in runs] == [5] * 4
    assert [run.options["drawn"]["seed"] for run in runs] == [5, 5, 6, 6]
    assert re.search(r"ttft_first_content +0 +80 +0 ", done.output)
    for server, key in ((backend, "sk-of-the-gateway-alone"), (behind, "sk-of-the-server-behind")):
        sent = {request.headers["authorization"] for request in server.chat_requests()}
        # The checks before the load try a key that is none.
        assert sent <= {f"Bearer {key}", "Bearer wrong-key"}


def test_a_server_behind_that_answers_nothing_leaves_no_verdict(load, behind):
    behind.play(*[Script()] * 3, *[Script(status=500)] * 60)
    done = load("--direct", behind.url, "--users", "1", "--requests", "10", "--prompt", "Hello.")
    assert done.exit_code == 2, done.output
