import json
from pathlib import Path

import pytest

from keywords.traceability.check.rows import coverage_findings, row_findings
from keywords.traceability.check.run import (
    evidence_findings,
    expected_skips,
    inconclusive_rows,
    skip_findings,
)
from keywords.traceability.check.run import run_findings as gaps_of_run
from keywords.traceability.register.register import Register
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row

LOW = {"likelihood": 1, "impact": 1}


def requirement(id_, title, needs):
    return Requirement(id=id_, title=title, text="Text", area="area", risk=LOW, needs=needs, owner="quality")


REGISTER = Register(
    Path("requirements.yaml"),
    {
        "A-001": requirement("A-001", "First", ("functional", "negative")),
        "B-001": requirement("B-001", "Second", ("functional",)),
    },
)


def row(*tags, name="A row", suite="Suites.S"):
    return Row(name, suite, tags)


GOOD = [
    row("req:A-001", "req:B-001", "kind:functional", name="One"),
    row("req:A-001", "kind:negative", name="Two"),
]


def run_findings(rows, run):
    return [*gaps_of_run(rows, run), *skip_findings(run), *evidence_findings(run)]


def run(tmp_path, *results, metadata=None, **facts):
    page = tmp_path / "page.html"
    page.touch()
    page.with_name("row.json").write_text(json.dumps({"started": ""}))
    return Run(tmp_path / "output.xml", results, metadata or {}, "", 1.0, **facts)


def test_a_whole_register_has_no_findings():
    assert row_findings(REGISTER, GOOD) + coverage_findings(REGISTER, GOOD) == []


def test_tag_rules_and_twins_are_found():
    rows = [row("req:C-001", "kind:functional"), GOOD[0], row(*GOOD[0].tags, name="One", suite="Suites.T")]
    findings = row_findings(REGISTER, rows)
    assert len(findings) == 2
    assert "has tag 'req:C-001'" in findings[0]
    assert findings[1].startswith("row 'One' is there 2 times with the same tags (Suites.S and Suites.T)")


@pytest.mark.parametrize(
    ("names", "suites", "finding"),
    [
        (("One", "One"), ("Suites.S", "Suites.S"), "row 'Suites.S.One' is there 2 times; rename one"),
        (
            ("One row", "one_Row"),
            ("Suites.S", "Suites.S"),
            (
                "row 'Suites.S.One row' is there 2 times, also as 'Suites.S.one_Row', which Robot does not tell "
                "apart; rename one"
            ),
        ),
        (
            ("One", "One"),
            ("Suites.X", "Suites.x"),
            "row 'Suites.X.One' is there 2 times, also as 'Suites.x.One', which Robot does not tell apart; rename one",
        ),
    ],
)
def test_namesakes_are_found_whatever_they_prove(names, suites, finding):
    tags = [("req:A-001", "kind:functional"), ("req:B-001", "kind:functional")]
    rows = [row(*tags[n], name=names[n], suite=suites[n]) for n in (0, 1)]
    assert row_findings(REGISTER, rows) == [finding]


def test_namesakes_with_equal_tags_are_one_finding():
    assert len(row_findings(REGISTER, [*GOOD, GOOD[0]])) == 1


def test_one_name_in_two_suites_is_none():
    assert row_findings(REGISTER, [GOOD[0], row("req:B-001", "kind:functional", name="One", suite="Suites.T")]) == []


def test_uncovered_and_partly_covered_requirements_are_found():
    assert coverage_findings(REGISTER, [row("req:A-001", "kind:functional")]) == [
        (
            "requirement A-001 (First) is partly covered: it needs kind negative; "
            "write a row with tags req:A-001 kind:negative"
        ),
        "requirement B-001 (Second) is uncovered: no row proves it; write one with tag req:B-001",
    ]


def test_a_row_that_would_be_skipped_covers_its_requirement():
    rows = [*GOOD[:1], row("req:A-001", "kind:negative", "needs:gpu")]
    assert coverage_findings(REGISTER, rows) == []


def test_a_whole_run_with_evidence_has_no_findings(tmp_path):
    results = [Result(one, "PASS", evidence="page.html") for one in GOOD]
    assert run_findings(GOOD, run(tmp_path, *results)) == []


def test_lost_rows_and_strange_rows_are_found(tmp_path):
    strange = row("req:A-001", name="Three")
    found = run(tmp_path, Result(GOOD[0], "PASS", evidence="page.html"), Result(strange, "PASS", evidence="page.html"))
    findings = run_findings(GOOD, found)
    assert len(findings) == 2
    assert findings[0].startswith("row 'Suites.S.Two' was not executed in")
    assert findings[1].startswith("row 'Suites.S.Three' was executed but is not in the suites")


def test_a_regular_run_may_leave_nightly_rows_out_and_a_nightly_run_may_not(tmp_path):
    first, second = row("req:A-001", "nightly", name="Long"), row("req:A-001", "nightly", name="Longer")
    results = [Result(one, "PASS", evidence="page.html") for one in GOOD]
    assert run_findings([*GOOD, first, second], run(tmp_path, *results)) == []
    found = run(tmp_path, *results, Result(first, "PASS", evidence="page.html"))
    assert run_findings([*GOOD, first, second], found)[0].startswith("row 'Suites.S.Longer' was not executed")


def test_a_row_executed_twice_is_found(tmp_path):
    results = [Result(one, "PASS", evidence="page.html") for one in (*GOOD, GOOD[0])]
    findings = run_findings(GOOD, run(tmp_path, *results))
    assert findings == [f"the suites hold 2 rows, but 3 were executed in {tmp_path / 'output.xml'}"]


GPU = {"Missing need gpu": "No GPU."}
SKIPPED = Result(row("req:A-001", "kind:negative", "needs:gpu", name="Two"), "SKIP", "No GPU.")


def test_missing_evidence_is_found_but_not_for_skipped_rows(tmp_path):
    results = (Result(GOOD[0], "PASS", evidence="gone.html"), SKIPPED)
    findings = run_findings(GOOD, run(tmp_path, *results, metadata=GPU))
    assert len(findings) == 1
    assert findings[0].startswith("row 'Suites.S.One' lost its evidence: gone.html")
    findings = run_findings(GOOD, run(tmp_path, Result(GOOD[0], "FAIL"), SKIPPED, metadata=GPU))
    assert [finding.split(";")[0] for finding in findings] == ["row 'Suites.S.One' left no evidence"]


@pytest.mark.parametrize("ended", ["FAIL", "SKIP"])
def test_a_result_that_was_changed_to_pass_is_found(tmp_path, ended):
    changed = run(tmp_path, *(Result(one, "PASS", evidence="page.html") for one in GOOD))
    (tmp_path / "row.json").write_text(json.dumps({"started": "", "status": ended}))
    findings = run_findings(GOOD, changed)
    assert findings[0].startswith(f"row 'Suites.S.One' ended as {ended}, and something changed it to PASS afterwards")


def test_a_result_that_its_evidence_confirms_is_no_finding(tmp_path):
    sound = run(tmp_path, *(Result(one, "PASS", evidence="page.html") for one in GOOD))
    (tmp_path / "row.json").write_text(json.dumps({"started": "", "status": "PASS"}))
    assert run_findings(GOOD, sound) == []


def test_evidence_of_another_run_of_the_row_does_not_count(tmp_path):
    results = [Result(one, "PASS", evidence="page.html", started="2026-01-01T10:00:00") for one in GOOD]
    findings = run_findings(GOOD, run(tmp_path, *results))
    assert findings[0].startswith("row 'Suites.S.One' lost its evidence: page.html of 2026-01-01T10:00:00 is neither")


def test_a_run_that_did_not_start_is_one_finding_with_its_cause(tmp_path):
    results = [Result(one, "NOT RUN", "Parent suite setup failed:\nNo model") for one in GOOD]
    (finding,) = run_findings(GOOD, run(tmp_path, *results))
    assert "has no verdict: the run did not start: No model; remove the cause" in finding


def test_a_skip_for_a_need_that_the_run_recorded_at_its_start_is_only_listed(tmp_path):
    found = run(tmp_path, Result(GOOD[0], "PASS", evidence="page.html"), SKIPPED, metadata=GPU)
    assert run_findings(GOOD, found) == []
    assert expected_skips(found) == ["1 row needs gpu: No GPU."]


def test_any_other_skip_is_a_finding(tmp_path):
    found = run(tmp_path, Result(GOOD[0], "PASS", evidence="page.html"), SKIPPED)
    (finding,) = run_findings(GOOD, found)
    assert finding.startswith("row 'Suites.S.Two' was skipped, and nothing that it needs was missing before the first")
    assert "No GPU." in finding
    assert expected_skips(found) == []


def test_an_inconclusive_row_is_no_finding_and_no_expected_skip(tmp_path):
    unclear = Result(GOOD[1], "SKIP", "INCONCLUSIVE: load 14 on 2 cores")
    found = run(tmp_path, Result(GOOD[0], "PASS", evidence="page.html"), unclear)
    assert run_findings(GOOD, found) == []
    assert inconclusive_rows(found) == ["row 'Suites.S.Two' has no verdict: INCONCLUSIVE: load 14 on 2 cores"]


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        ({"merged": "combined from 2 runs"}, "is not of one run: combined from 2 runs; check the output.xml of one"),
        ({"errors": ("Calling method failed",)}, "Robot logged an error in"),
        ({"afterwards": ("It did not end",)}, "did not end well: It did not end"),
    ],
)
def test_a_run_that_is_no_proof_as_a_whole_is_found(tmp_path, facts, finding):
    results = [Result(one, "PASS", evidence="page.html") for one in GOOD]
    (found,) = run_findings(GOOD, run(tmp_path, *results, **facts))
    assert finding in found
