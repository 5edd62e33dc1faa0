"""A need of the target is met, or its absence is told with a remedy; those of the machine: `test_machine_needs`."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from robot.api.types import Secret

from keywords.engine.http.probe import Facts
from keywords.engine.processes.gateway import GatewayProcessError
from keywords.run import needs
from keywords.run.context import Gateway, Target, probe_target
from keywords.run.needs import UnknownNeedError, missing_need, missing_needs, needs_to_expect
from keywords.traceability.rows import NEEDS

PROCESS = MagicMock()
OWN = Target(
    url="http://127.0.0.1:1",
    api_key=Secret("qa-x"),
    model="m",
    models=("m",),
    is_our_gateway=True,
    enforces_keys=True,
    gateway=Gateway("http://127.0.0.1:1", 1, "i", Path("gateway.log"), Secret("qa-x"), PROCESS),
)
STRANGER = replace(OWN, is_our_gateway=False, enforces_keys=False, gateway=None, api_key=None)


@pytest.fixture
def run(monkeypatch):
    """Set the target."""

    def run(target):
        values = {"${TARGET}": target}
        built_in = MagicMock()
        built_in.return_value.get_variable_value.side_effect = values.get
        monkeypatch.setattr("keywords.run.context.BuiltIn", built_in)

    return run


@pytest.fixture
def variables(monkeypatch):
    """The variables of the run that needs read."""
    values = {"${FLOOD_REQUESTS}": 2000, "${ALLOW_FLOODS}": "no"}
    built_in = MagicMock()
    built_in.return_value.get_variable_value.side_effect = values.get
    monkeypatch.setattr(needs, "BuiltIn", built_in)
    return values


def test_a_flood_hits_the_own_gateway_only(run, variables):
    run(OWN)
    assert missing_need("flood") is None
    run(STRANGER)
    assert missing_need("flood") == (
        "The row floods its target with up to 2000 bad requests, and http://127.0.0.1:1 is not this run's own gateway: "
        "allow it with -v ALLOW_FLOODS:yes."
    )
    variables["${ALLOW_FLOODS}"] = "yes"
    assert missing_need("flood") is None


@pytest.mark.parametrize("answer", ["no", "", None, "maybe", "0"])
def test_a_flood_is_allowed_by_a_clear_yes_only(run, variables, answer):
    run(STRANGER)
    variables["${ALLOW_FLOODS}"] = answer
    assert "-v ALLOW_FLOODS:yes" in missing_need("flood")


OF_THE_TARGET = ["api-key", "embedded-model", "gateway", "own-gateway", "scripted-backend"]


@pytest.mark.parametrize("need", OF_THE_TARGET)
def test_our_own_gateway_meets_every_need_of_the_target(run, need):
    run(OWN)
    assert missing_need(need) is None


@pytest.mark.parametrize("need", OF_THE_TARGET)
def test_another_server_meets_none_and_the_remedy_is_told(run, need):
    run(STRANGER)
    reason = missing_need(need)
    assert "http://127.0.0.1:1" in reason
    assert ": run without GATEWAY_URL." in reason or ": start that server with a key" in reason


LACKS = Facts(OWN.url, ("m",), is_our_gateway=False, enforces_keys=False)
CHILDLESS = MagicMock()
CHILDLESS.model_process.side_effect = GatewayProcessError("No child.")


@pytest.mark.parametrize("need", OF_THE_TARGET)
def test_what_our_own_gateway_lacks_is_for_its_rows_to_find(run, monkeypatch, need):
    monkeypatch.setattr("keywords.run.context.probe", lambda *_, **__: LACKS)
    run(probe_target(OWN.url, OWN.api_key, replace(OWN.gateway, process=CHILDLESS)))
    assert missing_need(need) is None


@pytest.mark.parametrize("need", ["api-key", "gateway"])
def test_another_server_is_what_it_answers_to_be(run, monkeypatch, need):
    monkeypatch.setattr(
        "keywords.run.context.probe", lambda *_, **__: replace(LACKS, is_our_gateway=True, enforces_keys=True)
    )
    run(probe_target(OWN.url, OWN.api_key, None))
    assert missing_need(need) is None
    monkeypatch.setattr("keywords.run.context.probe", lambda *_, **__: LACKS)
    run(probe_target(OWN.url, None, None))
    assert missing_need(need) is not None


def test_that_a_server_ignores_the_key_that_was_given_for_it_is_for_its_rows_to_find(run, monkeypatch):
    monkeypatch.setattr("keywords.run.context.probe", lambda *_, **__: LACKS)
    run(probe_target(OWN.url, OWN.api_key, None))
    assert missing_need("api-key") is None


OLLAMA = """
[backends.local]
kind = "ollama"
base_url = "http://127.0.0.1:1"
[models.m]
route = [{ backend = "local" }]
"""
EMBEDDED = (
    OLLAMA.replace("{ backend", '{ backend = "embedded" }, { backend') + '[backends.embedded]\nkind = "llamacpp"\n'
)
EMBEDDED_BACKEND = "GATEWAY_BACKENDS__EMBEDDED__"


@pytest.mark.parametrize(
    ("config", "variables", "holds"),
    [
        (None, {}, True),
        (None, {"GATEWAY_SERVER__PORT": "1"}, True),
        (None, {f"{EMBEDDED_BACKEND}SLOTS": "2"}, True),
        (None, {f"{EMBEDDED_BACKEND}KIND": "ollama", f"{EMBEDDED_BACKEND}BASE_URL": "http://127.0.0.1:1"}, False),
        (None, {"gateway_models": '{"m": {"route": [{"backend": "embedded"}]}}'}, True),
        (None, {f"{EMBEDDED_BACKEND}SLOTS": "none"}, True),
        (OLLAMA, {}, False),
        (EMBEDDED, {}, True),
    ],
)
def test_the_configuration_decides_whether_there_is_an_embedded_model(run, tmp_path, config, variables, holds):
    weights = tmp_path / "m.gguf"
    weights.write_bytes(b"GGUF")
    file = tmp_path / "one.toml" if config else None
    if file:
        file.write_text(config)
    variables = {"GATEWAY_MODEL": str(weights), **variables}
    gateway = replace(OWN.gateway, config=file, variables=variables, log=tmp_path / "gateway.log", process=CHILDLESS)
    run(replace(OWN, gateway=gateway))
    reason = missing_need("embedded-model")
    assert reason is None if holds else "configured with other backends: run without a configuration" in reason
    assert not CHILDLESS.method_calls


def test_all_missing_needs_of_a_row_stand_in_its_skip_reason(run):
    run(STRANGER)
    reason = missing_needs(["gateway", "api-key"])
    assert "is another server" in reason
    assert "accepts every key" in reason


def test_a_row_whose_needs_are_met_runs(run):
    run(OWN)
    assert missing_needs(["gateway", "api-key"]) == ""


def test_each_need_that_a_row_may_name_can_be_checked():
    assert {*needs._TARGET_NEEDS, *needs._MACHINE_NEEDS} == set(NEEDS)
    assert list(NEEDS) == sorted(NEEDS)


def test_an_unknown_need_is_an_error_that_lists_the_known_ones():
    with pytest.raises(UnknownNeedError, match=r"needs:gupp names an unknown need; known are api-key, browser, .*gpu"):
        missing_need("gupp")


def test_a_run_without_a_target_is_an_error(run):
    run(None)
    with pytest.raises(RuntimeError, match="`Provide Target`"):
        missing_need("gateway")


def test_without_a_target_a_row_is_told_what_the_machine_lacks(run, monkeypatch):
    run(None)
    monkeypatch.setattr(needs.shutil, "which", {}.get)
    assert missing_needs(["curl", "gateway"]) == "No `curl` on the path: install it."


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (STRANGER, {*OF_THE_TARGET, "curl"}),
        # Its own gateway and its own configuration: what it lacks is for its rows to find.
        (OWN, {"curl"}),
        (None, {"curl"}),
    ],
)
def test_a_run_expects_to_lack_what_the_machine_and_an_attached_server_lack(run, monkeypatch, target, expected):
    monkeypatch.setattr("keywords.run.needs.shutil.which", lambda _name: None)
    run(target)
    found = needs_to_expect([*OF_THE_TARGET, "curl", "unheard-of"])
    assert set(found) == expected
    assert found["curl"] == missing_need("curl")


def test_an_own_gateway_without_the_embedded_model_is_not_to_be_expected(run):
    routed = MagicMock(routes_to_embedded_model=False)
    run(replace(OWN, gateway=routed))
    assert missing_need("embedded-model") is not None
    assert needs_to_expect(["embedded-model"]) == {}
