from pathlib import Path

from keywords.traceability.check import coverage_findings, row_findings, run_findings, skip_warnings
from keywords.traceability.register.requirements import Register, Requirement
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row

REGISTER = Register(
    Path("requirements.yaml"),
    {
        "A-001": Requirement("A-001", "First", "Text", "area", 1, 1, ("functional", "negative"), "owner"),
        "B-001": Requirement("B-001", "Second", "Text", "area", 1, 1, ("functional",), "owner"),
    },
)


def row(*tags, name="A row", suite="Suites.S"):
    return Row(name, suite, tags)


GOOD = [
    row("req:A-001", "req:B-001", "kind:functional", name="One"),
    row("req:A-001", "kind:negative", name="Two"),
]


def run(tmp_path, *results):
    return Run(tmp_path / "output.xml", results, {}, "", 1.0)


def test_a_whole_register_has_no_findings():
    assert row_findings(REGISTER, GOOD) + coverage_findings(REGISTER, GOOD) == []


def test_tag_rules_and_twins_are_found():
    rows = [row("req:C-001", "kind:functional"), GOOD[0], row(*GOOD[0].tags, name="One", suite="Suites.T")]
    findings = row_findings(REGISTER, rows)
    assert len(findings) == 2
    assert "has tag 'req:C-001'" in findings[0]
    assert findings[1].startswith("row 'One' is there 2 times with the same tags (Suites.S and Suites.T)")


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
    (tmp_path / "page.html").touch()
    results = [Result(one, "PASS", evidence="page.html") for one in GOOD]
    assert run_findings(GOOD, run(tmp_path, *results)) == []


def test_lost_rows_and_strange_rows_are_found(tmp_path):
    (tmp_path / "page.html").touch()
    strange = row("req:A-001", name="Three")
    found = run(tmp_path, Result(GOOD[0], "PASS", evidence="page.html"), Result(strange, "PASS", evidence="page.html"))
    findings = run_findings(GOOD, found)
    assert len(findings) == 2
    assert findings[0].startswith("row 'Suites.S.Two' was not executed in")
    assert findings[1].startswith("row 'Suites.S.Three' was executed but is not in the suites")


def test_a_regular_run_may_leave_nightly_rows_out_and_a_nightly_run_may_not(tmp_path):
    (tmp_path / "page.html").touch()
    first, second = row("req:A-001", "nightly", name="Long"), row("req:A-001", "nightly", name="Longer")
    results = [Result(one, "PASS", evidence="page.html") for one in GOOD]
    assert run_findings([*GOOD, first, second], run(tmp_path, *results)) == []
    found = run(tmp_path, *results, Result(first, "PASS", evidence="page.html"))
    assert run_findings([*GOOD, first, second], found)[0].startswith("row 'Suites.S.Longer' was not executed")


def test_a_row_executed_twice_is_found(tmp_path):
    (tmp_path / "page.html").touch()
    results = [Result(one, "PASS", evidence="page.html") for one in (*GOOD, GOOD[0])]
    findings = run_findings(GOOD, run(tmp_path, *results))
    assert findings == [f"the suites hold 2 rows, but 3 were executed in {tmp_path / 'output.xml'}"]


def test_missing_evidence_is_found_but_not_for_skipped_rows(tmp_path):
    results = (Result(GOOD[0], "PASS", evidence="gone.html"), Result(GOOD[1], "SKIP", "no GPU"))
    findings = run_findings(GOOD, run(tmp_path, *results))
    assert len(findings) == 1
    assert findings[0].startswith("row 'Suites.S.One' lost its evidence: gone.html")
    findings = run_findings(GOOD, run(tmp_path, Result(GOOD[0], "FAIL"), results[1]))
    assert [finding.split(";")[0] for finding in findings] == ["row 'Suites.S.One' left no evidence"]


def test_a_run_that_did_not_start_is_one_finding_with_its_cause(tmp_path):
    results = [Result(one, "NOT RUN", "Parent suite setup failed:\nNo model") for one in GOOD]
    (finding,) = run_findings(GOOD, run(tmp_path, *results))
    assert "has no verdict: the run did not start: No model; remove the cause" in finding


def test_skipped_rows_are_warned_of_with_their_reason(tmp_path):
    found = run(tmp_path, Result(GOOD[0], "PASS"), Result(GOOD[1], "SKIP", "no GPU"))
    assert skip_warnings(found) == ["row 'Suites.S.Two' was skipped: no GPU"]
