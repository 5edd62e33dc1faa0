"""The keywords around gateways: what they hide, what they judge, and what they mean by default."""

import os
import re
from dataclasses import replace
from pathlib import Path
from threading import Event
from unittest.mock import MagicMock

import pytest
from assertionengine import AssertionOperator
from robot.api.types import Secret

from keywords.engine.processes.gateway import GatewayProcessError
from keywords.engine.processes.tree import Ended
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.gateway import process as gateway_process
from keywords.gateway.process import GatewayProcessLibrary
from keywords.run import context
from keywords.run.context import Gateway, Target
from keywords.run.scopes import Scopes

KEY = "qa-0123456789abcdef"
CLEAN = Ended(took_s=0.1, forced=False, leftover=())


@pytest.fixture
def gateway(tmp_path):
    log = tmp_path / "gateway.log"
    log.write_text(f'{{"id": "a"}}\n{{"id": "b", "leak": "{KEY}"}}\nTraceback (most recent call last):\n')
    process = MagicMock()
    process.stop.return_value = CLEAN
    return Gateway("http://127.0.0.1:1", 1, "i", log, Secret(KEY), process)


@pytest.fixture
def library():
    return GatewayProcessLibrary()


def target_of(gateway):
    url, key = gateway.url, gateway.api_key
    return Target(url, key, "m", ("m",), is_our_gateway=True, enforces_keys=True, gateway=gateway)


@pytest.fixture
def target(monkeypatch, gateway):
    target = target_of(gateway)
    values = {"${TARGET}": target}
    built_in = MagicMock()
    built_in.return_value.get_variable_value.side_effect = values.get
    monkeypatch.setattr(context, "BuiltIn", built_in)
    return values


def test_the_gateway_of_the_run_is_meant_by_default(library, target, gateway):
    assert library.stop_gateway() is CLEAN
    gateway.process.stop.assert_called_once_with()
    target["${TARGET}"] = replace(target["${TARGET}"], gateway=None)
    with pytest.raises(
        GatewayProcessError, match="has no gateway of its own: name one, or tag the row needs:own-gateway"
    ):
        library.stop_gateway()


def test_leftovers_are_counted_and_named(library):
    assert library.get_leftover_processes(CLEAN, AssertionOperator["=="], 0) == 0
    left = replace(CLEAN, leftover=("77: python child",))
    assert library.get_leftover_processes(left) == 1
    with pytest.raises(
        AssertionError, match=re.escape("Number of leftover processes should be 0, got 1; 77: python child")
    ):
        library.get_leftover_processes(left, AssertionOperator["=="], 0)


def test_releasing_ends_every_gateway_and_tells_which_ended_badly(library, gateway):
    bad = replace(gateway, url="http://127.0.0.1:2", process=MagicMock())
    bad.process.stop.return_value = Ended(5.0, forced=True, leftover=("77: python child",))
    library._running = [bad, gateway]
    with pytest.raises(AssertionError) as caught:
        library.release_target()
    assert str(caught.value).splitlines() == [
        f"The gateway at http://127.0.0.1:2 did not end within 5 s and was killed; see {gateway.log}.",
        "The gateway at http://127.0.0.1:2 left processes behind: 77: python child.",
    ]
    gateway.process.stop.assert_called_once_with()
    library.release_target()


@pytest.mark.usefixtures("target")
def test_a_further_gateway_ends_while_the_next_row_begins_and_its_faults_are_told_at_the_end(library, gateway):
    further = replace(gateway, url="http://127.0.0.1:2", process=MagicMock())
    may_end = Event()

    def stop():
        assert may_end.wait(10)
        return Ended(5.0, forced=True, leftover=())

    further.process.stop.side_effect = stop
    library._running = [gateway, further]
    library._begin_to_stop(further)
    library._begin_to_stop(further)
    gateway.process.stop.assert_not_called()
    may_end.set()
    with pytest.raises(AssertionError, match=r"127\.0\.0\.1:2 did not end within 5 s"):
        library.release_target()
    further.process.stop.assert_called_once_with()
    gateway.process.stop.assert_called_once_with()
    library.release_target()


def test_a_gateway_that_cannot_be_stopped_hides_no_fault_of_the_others(library, gateway, monkeypatch):
    broken, forced, broken_too = (
        replace(gateway, url=f"http://127.0.0.1:{port}", process=MagicMock()) for port in (2, 3, 4)
    )
    broken.process.stop.side_effect = broken_too.process.stop.side_effect = OSError("no such file")
    forced.process.stop.return_value = Ended(5.0, forced=True, leftover=())
    scopes = Scopes()
    scopes._faults.append("a backend stays")
    monkeypatch.setattr(gateway_process, "SCOPES", scopes)
    library._running = [broken, forced, gateway, broken_too]
    library._begin_to_stop(broken)
    library._begin_to_stop(forced)
    with pytest.raises(AssertionError) as caught:
        library.release_target()
    assert str(caught.value).splitlines() == [
        f"The gateway at http://127.0.0.1:2 could not be stopped: OSError('no such file'); see {gateway.log}.",
        f"The gateway at http://127.0.0.1:3 did not end within 5 s and was killed; see {gateway.log}.",
        f"The gateway at http://127.0.0.1:4 could not be stopped: OSError('no such file'); see {gateway.log}.",
        "a backend stays",
    ]
    gateway.process.stop.assert_called_once_with()


def test_a_gateway_that_crashed_is_a_fault(library, gateway):
    gateway.process.stop.return_value = replace(CLEAN, crashed=0)
    library._running = [gateway]
    with pytest.raises(AssertionError) as caught:
        library.release_target()
    assert str(caught.value) == (
        f"The gateway at http://127.0.0.1:1 had ended by itself, with exit status 0; see {gateway.log}."
    )


def test_a_handle_shows_no_key(gateway):
    assert KEY not in repr(gateway)
    assert KEY not in str(target_of(gateway))


@pytest.mark.parametrize(("key", "used"), [(KEY, True), ("", False)])
def test_attaching_finds_out_what_answers_and_an_empty_key_is_none(library, caplog, key, used):
    backend = ScriptedBackend(models=("first", "second"))
    backend.start()
    try:
        target = library.attach_to_gateway(f"{backend.url}/v1/", Secret(key))
    finally:
        backend.stop()
    assert (target.url, target.model, target.models) == (backend.url, "first", ("first", "second"))
    assert (target.is_our_gateway, target.enforces_keys, target.gateway) == (False, used, None)
    assert (target.api_key is not None, "authorization" in backend.requests[0].headers) == (used, used)
    assert KEY not in caplog.text


def test_a_command_runs_among_the_workings(library, monkeypatch, tmp_path):
    monkeypatch.setattr(gateway_process, "work_folder", lambda: Path(tmp_path))
    result = library.run_gateway_command("config", "check", "absent.toml")
    assert result.rc == 1
    assert "absent.toml" in result.stderr
    assert library.run_gateway_command("--help").rc == 0


def test_a_command_alone_sees_the_environment_given_for_it(library, monkeypatch, tmp_path):
    monkeypatch.setattr(gateway_process, "work_folder", lambda: Path(tmp_path))
    missing = tmp_path / "no-such.gguf"
    result = library.run_gateway_command("models", "pull", environment={"GATEWAY_MODEL": str(missing)})
    assert result.rc == 1
    assert "no-such.gguf" in result.stderr
    assert os.environ.get("GATEWAY_MODEL") != str(missing)
