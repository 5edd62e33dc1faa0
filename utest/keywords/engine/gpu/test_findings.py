"""Rules stand as data; each says OK, WARN, CRITICAL or UNKNOWN, with the evidence and the action."""

import json
from pathlib import Path

import pytest
import yaml

from keywords.engine.gpu.dcgm import DiagnosisError, diagnose, read_diagnosis
from keywords.engine.gpu.findings import RulesError, as_table, load_rules, look_at_xids, look_back, look_now
from keywords.engine.gpu.telemetry import Window
from utest.keywords.gpu_telemetry import matrix, telemetry

DATA = Path(__file__).parents[4] / "resources" / "gpu"
RULES = load_rules(DATA / "findings.yaml")
RUN = Window("run", 10.0, 20.0)
RULE = {"id": "x", "title": "t", "signal": "ecc_mode", "look": "now", "above": 0, "severity": "warn", "action": "none"}
SOUND = {
    "recovery_action": 0,
    "ecc_mode": 1,
    "ecc_uncorrected_volatile": 0,
    "sram_threshold_exceeded": 0,
    "row_remap_pending": 0,
    "row_remap_failed": 0,
    "page_retirement_pending": 0,
    "pages_retired_uncorrected": 0,
    "pcie_width": 16,
    "pcie_width_max": 16,
    "power_limit_w": 700.0,
    "power_limit_default_w": 700.0,
    "compute_mode": 0,
    "temperature_c": 40,
    "temperature_slowdown_c": 87,
}


def verdicts(findings):
    return {finding.id: finding.verdict for finding in findings}


def test_a_sound_gpu_has_no_finding():
    assert set(verdicts(look_now(RULES, matrix(SOUND))).values()) == {"OK"}


@pytest.mark.parametrize(
    ("signal", "value", "id_", "verdict", "action"),
    [
        ("recovery_action", 1, "recovery-needed", "CRITICAL", "reset"),
        ("ecc_mode", 0, "ecc-off", "WARN", "none"),
        ("ecc_uncorrected_volatile", 1, "uncorrected-errors", "CRITICAL", "reset"),
        ("sram_threshold_exceeded", 1, "sram-threshold", "CRITICAL", "service"),
        ("row_remap_pending", 1, "row-remap-pending", "CRITICAL", "reset"),
        ("row_remap_failed", 1, "row-remap-failed", "CRITICAL", "service"),
        ("page_retirement_pending", 1, "page-retirement-pending", "CRITICAL", "restart"),
        ("pages_retired_uncorrected", 60, "pages-retired", "CRITICAL", "service"),
        ("pcie_width", 8, "pcie-width", "WARN", "service"),
        ("power_limit_w", 400.0, "power-limit-low", "WARN", "none"),
        ("compute_mode", 2, "compute-prohibited", "CRITICAL", "drain"),
        ("temperature_c", 87, "hot", "CRITICAL", "drain"),
    ],
)
def test_each_fault_is_one_finding_with_its_action(signal, value, id_, verdict, action):
    found = [each for each in look_now(RULES, matrix(SOUND | {signal: value})) if each.verdict != "OK"]
    assert [(each.id, each.verdict, each.action) for each in found] == [(id_, verdict, action)]
    assert f"{signal} {value:g}" in found[0].evidence


def test_every_rule_of_this_moment_has_been_seen_to_find():
    tried = next(mark for mark in test_each_fault_is_one_finding_with_its_action.pytestmark).args[1]
    assert {case[2] for case in tried} == {rule.id for rule in RULES if rule.look == "now"}


def test_what_a_gpu_does_not_tell_is_unknown_and_not_sound():
    finding = look_now(RULES, matrix({}, {"ecc_mode": "Not Supported"}))[1]
    assert (finding.verdict, finding.evidence, finding.action) == ("UNKNOWN", "ecc_mode: Not Supported", "none")


def test_a_limit_that_a_gpu_does_not_tell_is_unknown():
    values = {name: value for name, value in SOUND.items() if name != "temperature_slowdown_c"}
    assert verdicts(look_now(RULES, matrix(values)))["hot"] == "UNKNOWN"


def grown(signal, by, highest=None):
    rows = [(9.0, {signal: 3}), (15.0, {signal: highest or 3}), (21.0, {signal: 3 + by})]
    return telemetry(rows, facts={"temperature_slowdown_c": 87, "memory_temperature_max_c": 95})


@pytest.mark.parametrize(
    ("signal", "by", "id_", "verdict"),
    [
        ("ecc_uncorrected_volatile", 1, "run-uncorrected-errors", "CRITICAL"),
        ("ecc_corrected_volatile", 1, "run-corrected-errors", "WARN"),
        ("rows_remapped_uncorrected", 1, "run-rows-remapped", "CRITICAL"),
        ("pcie_replays", 101, "run-pcie-replays", "WARN"),
        ("nvlink_recovery_errors", 1, "run-nvlink-recoveries", "CRITICAL"),
        ("nvlink_replay_errors", 2, "run-nvlink-replays", "WARN"),
    ],
)
def test_a_counter_that_grew_in_the_run_is_a_finding_and_an_old_count_is_none(signal, by, id_, verdict):
    assert verdicts(look_back(RULES, grown(signal, by), RUN))[id_] == verdict
    assert verdicts(look_back(RULES, grown(signal, 0), RUN))[id_] == "OK"


@pytest.mark.parametrize(("signal", "id_"), [("temperature_c", "run-hot"), ("memory_temperature_c", "run-memory-hot")])
def test_heat_in_the_run_is_a_finding(signal, id_):
    assert verdicts(look_back(RULES, grown(signal, 0, highest=95), RUN))[id_] == "CRITICAL"
    assert verdicts(look_back(RULES, grown(signal, 0, highest=60), RUN))[id_] == "OK"


def test_xids_are_counted_and_judged_by_their_numbers():
    findings = look_at_xids(DATA / "xids.yaml", [79, 13, 13, 4711], 0)
    assert [(each.id, each.verdict, each.evidence, each.action) for each in findings] == [
        ("xid-13", "WARN", "XID 13 came 2 times", "none"),
        ("xid-79", "CRITICAL", "XID 79 came once", "restart"),
        ("xid-4711", "CRITICAL", "XID 4711 came once", "drain"),
    ]


def test_the_table_begins_with_the_gravest():
    table = as_table(look_now(RULES, matrix(SOUND | {"row_remap_failed": 1, "ecc_mode": 0})))
    rows = table.splitlines()[2:]
    assert rows[0].startswith("| 0 | row-remap-failed: ")
    assert rows[1].startswith("| 0 | ecc-off: ")
    assert " | service |" in rows[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"signal": "no_such"}, "signal is 'no_such'; use a signal of keywords/engine/gpu"),
        ({"severity": "grave"}, "severity is 'grave'; use warn, critical"),
        ({"action": "pray"}, "action is 'pray'; use none, drain, reset, restart, service"),
        ({"look": "later"}, "look is 'later'; use now, growth, highest"),
        ({"above": "much"}, "above is 'much'; write a number"),
        (
            {"below": 3},
            "must have exactly one of above, below, equal, above_signal, below_signal, and has above, below",
        ),
        ({"colour": "red"}, "the field 'colour' is unknown; remove it"),
        ({"title": None}, None),
    ],
)
def test_a_wrong_rule_is_refused_with_place_and_remedy(tmp_path, change, told):
    path = tmp_path / "rules.yaml"
    rule = RULE | change
    if told is None:
        del rule["title"]
        told = "the field 'title' is missing; add it"
    path.write_text(yaml.safe_dump([rule]))
    with pytest.raises(RulesError) as refused:
        load_rules(path)
    assert str(refused.value).startswith("rules.yaml: rule 1")
    assert told in str(refused.value)


def test_xids_without_an_entry_for_others_are_refused(tmp_path):
    (tmp_path / "xids.yaml").write_text("79: {title: t, severity: warn, action: none}\n")
    with pytest.raises(RulesError, match="'other' is missing"):
        look_at_xids(tmp_path / "xids.yaml", [79], 0)


def diagnosis(results):
    tests = [{"name": "Page Retirement", "results": results}]
    return json.dumps({"DCGM Diagnostic": {"test_categories": [{"category": "Deployment", "tests": tests}]}})


def test_dcgms_results_enter_the_same_table():
    findings = read_diagnosis(
        "log line\n"
        + diagnosis(
            [
                {"gpu_id": "0", "status": "Pass"},
                {"entity_id": 1, "status": "Fail", "warnings": [{"warning": "retired pages", "error_id": 4}]},
                {"gpu_id": "2", "status": "Skip", "info": "not run"},
            ]
        )
    )
    assert [(each.device, each.verdict, each.evidence, each.action) for each in findings] == [
        (0, "OK", "dcgmi says pass", "none"),
        (1, "CRITICAL", "retired pages", "drain"),
        (2, "UNKNOWN", "not run", "none"),
    ]
    assert findings[1].id == "dcgm-page-retirement"


@pytest.mark.parametrize("text", ["", "no json", "{broken"])
def test_what_is_no_diagnosis_is_no_finding(text):
    assert read_diagnosis(text) == ()


def test_a_diagnosis_without_results_is_a_breakage(tmp_path):
    command = tmp_path / "dcgmi"
    command.write_text("#!/bin/sh\necho 'Error: unable to connect to host engine' >&2\nexit 255\n")
    command.chmod(0o755)
    with pytest.raises(DiagnosisError, match="ended with 255 and no results: Error: unable to connect"):
        diagnose(str(command))
