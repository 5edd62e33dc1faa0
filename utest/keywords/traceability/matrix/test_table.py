import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from keywords.traceability.matrix.files import summary, verdict, write_matrix
from keywords.traceability.matrix.table import build
from keywords.traceability.register.requirements import Register, Requirement
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row


def requirement(id_="A-001", needs=("functional",), score=(1, 1), title="A title"):
    return Requirement(id_, title, "A text", "area", *score, needs, "owner")


def result(status, *tags, name="A row", message="", evidence=None):
    return Result(Row(name, "Suites.S", tags), status, message, 0.5, "2026-01-01T10:00:00", evidence, "s1-t1")


def matrix(requirements, results, rows=(), output=Path("results/output.xml")):
    register = Register(Path("requirements.yaml"), {one.id: one for one in requirements})
    return build(register, Run(output, tuple(results), {"Model": "m"}, "2026-01-01T10:00:00", 12.0), rows)


FUNCTIONAL = ("req:A-001", "kind:functional")
NEGATIVE = ("req:A-001", "kind:negative")
BOTH = ("functional", "negative")


@pytest.mark.parametrize(
    ("needs", "results", "status", "reason"),
    [
        (BOTH, [result("PASS", *FUNCTIONAL), result("PASS", *NEGATIVE)], "PASSING", ""),
        (BOTH, [result("PASS", *FUNCTIONAL, "kind:negative")], "PASSING", ""),
        (BOTH, [result("PASS", *FUNCTIONAL), result("FAIL", *NEGATIVE)], "FAILING", "1 of 2 rows failed"),
        (BOTH, [result("FAIL", *FUNCTIONAL)], "FAILING", "1 of 1 row failed"),
        (BOTH, [], "UNCOVERED", "no row proves it"),
        (BOTH, [result("PASS", "req:B-001", "kind:functional")], "UNCOVERED", "no row proves it"),
        (BOTH, [result("PASS", *FUNCTIONAL)], "PARTIAL", "no row of kind negative"),
        (BOTH, [result("PASS", *FUNCTIONAL), result("SKIP", *NEGATIVE)], "PARTIAL", "no row of kind negative ran"),
        (BOTH, [result("PASS", "req:A-001", "kind:security")], "PARTIAL", "no row of kind functional; no row of kind"),
        (BOTH, [result("SKIP", *FUNCTIONAL, message="no GPU")], "NOT_RUN", "no GPU"),
        (("functional",), [result("PASS", *FUNCTIONAL), result("SKIP", *FUNCTIONAL)], "PASSING", ""),
    ],
)
def test_status_of_a_requirement(needs, results, status, reason):
    line = matrix([requirement(needs=needs)], results).lines[0]
    assert line.status == status
    assert line.reason.startswith(reason)
    assert bool(line.reason) == bool(reason)


def test_rows_that_a_run_left_out_are_not_run():
    found = matrix([requirement()], [], rows=[Row("A row", "Suites.S", FUNCTIONAL)])
    assert found.lines[0].status == "NOT_RUN"
    assert found.row_counts == {"FAIL": 0, "SKIP": 0, "NOT RUN": 1, "PASS": 0}


def test_a_nightly_row_that_a_run_left_out_is_told_as_such():
    skipped = result("SKIP", *FUNCTIONAL, message="There is no GPU.")
    found = matrix([requirement()], [skipped], rows=[Row("Tonight", "Suites.S", (*FUNCTIONAL, "nightly"))])
    assert found.lines[0].reason == "There is no GPU; left out of this run (nightly)"


def test_a_row_that_ran_from_another_root_is_the_same_row():
    found = matrix([requirement()], [result("PASS", *FUNCTIONAL)], rows=[Row("A row", "Other.Root.S", FUNCTIONAL)])
    assert len(found.results) == 1


def test_the_worst_comes_first_and_then_the_riskiest():
    lines = matrix(
        [requirement("A-001"), requirement("B-001"), requirement("C-001", score=(5, 5))], [result("PASS", *FUNCTIONAL)]
    ).lines
    assert [line.requirement.id for line in lines] == ["C-001", "B-001", "A-001"]


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([result("FAIL", *FUNCTIONAL)], "1 of 2 requirements fails"),
        ([result("PASS", *FUNCTIONAL)], "Nothing fails; 1 of 2 requirements is not fully proven"),
        (
            [result("PASS", *FUNCTIONAL), result("SKIP", "req:B-001", "kind:functional")],
            "Whatever ran holds; 1 of 2 requirements could not be tried here",
        ),
        ([result("PASS", *FUNCTIONAL, "req:B-001")], "All 2 requirements hold"),
    ],
)
def test_verdict(results, sentence):
    assert verdict(matrix([requirement(), requirement("B-001")], results)) == sentence


NOT_THERE = "Parent suite setup failed:\nThe gateway\nwas not ready."
STOPPED = "Execution terminated by signal"


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        (
            [("NOT RUN", NOT_THERE), ("NOT RUN", NOT_THERE)],
            "No verdict: the run did not start: The gateway was not ready",
        ),
        (
            [("PASS", ""), ("NOT RUN", STOPPED)],
            f"No verdict: the run was stopped, 1 of 2 rows did not run: {STOPPED}",
        ),
        ([("PASS", ""), ("NOT RUN", NOT_THERE)], "No verdict: 1 of 2 rows did not run: The gateway was not ready"),
        (
            [("FAIL", "no"), ("NOT RUN", STOPPED)],
            f"1 of 2 requirements fails; the run was stopped, 1 of 2 rows did not run: {STOPPED}",
        ),
    ],
)
def test_a_run_that_did_not_come_to_its_rows_has_no_verdict(results, sentence):
    tags = [FUNCTIONAL, ("req:B-001", "kind:functional")]
    rows = [result(status, *tags[n], message=message) for n, (status, message) in enumerate(results)]
    found = matrix([requirement(), requirement("B-001")], rows)
    assert verdict(found) == sentence
    assert [line.status for line in found.lines if line.requirement.id == "B-001"] == ["NOT_RUN"]


def test_the_verdict_tells_what_failed_after_the_rows():
    found = matrix([requirement()], [result("PASS", *FUNCTIONAL)])
    found = replace(found, run=replace(found.run, afterwards=("The gateway did not end",)))
    assert verdict(found) == "No requirement fails, but the run did not end well: The gateway did not end"


def test_a_requirement_with_a_row_that_the_run_did_not_come_to_is_not_proven():
    line = matrix(
        [requirement()], [result("PASS", *FUNCTIONAL), result("NOT RUN", *FUNCTIONAL, message=STOPPED)]
    ).lines[0]
    assert (line.status, line.reason) == ("PARTIAL", "1 of 2 rows did not run")


@pytest.fixture
def written(tmp_path):
    output = tmp_path / "output.xml"
    (tmp_path / "log.html").touch()
    results = [
        result("PASS", *FUNCTIONAL, name="A <b>row</b> | [x]", message="4 of 20", evidence="evidence/a-row/index.html"),
        result("FAIL", "req:B-001", "kind:functional", name="B", message="x, <script>alert(1)</script>\nsecond"),
    ]
    requirements = [requirement(needs=BOTH), requirement("B-001", title="A | B <i>")]
    found = matrix(requirements, results, output=output)
    assert summary(found) == "2 requirements: 1 failing, 1 partial; 2 rows: 1 fail, 1 pass"
    return {path.name: path.read_text(encoding="utf-8") for path in write_matrix(found, tmp_path / "matrix")}


def test_four_formats_are_written(written):
    assert list(written) == ["index.html", "matrix.md", "matrix.csv", "matrix.json"]


def test_the_page_stands_alone_and_escapes_what_came_from_outside(written):
    page = written["index.html"]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "A &lt;b&gt;row" in page
    assert page.count("4 of 20") == 2
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "1 of 2 requirements fails" in page
    assert 'href="../evidence/a-row/index.html"' in page
    assert 'href="../log.html#s1-t1"' in page


def test_a_markdown_line_is_one_line_with_its_cells(written):
    line = next(line for line in written["matrix.md"].splitlines() if line.startswith("| B-001"))
    assert line.count(" | ") == 4
    assert r"A \| B \<i\>" in line


def test_the_csv_has_a_line_for_each_requirement_kind_and_row(written):
    lines = list(csv.DictReader(written["matrix.csv"].splitlines(keepends=True)))
    found = [(line["requirement"], line["status"], line["kind"], line["row"], line["result"]) for line in lines]
    assert found == [
        ("B-001", "FAILING", "functional", "B", "FAIL"),
        ("A-001", "PARTIAL", "functional", "A <b>row</b> | [x]", "PASS"),
        ("A-001", "PARTIAL", "negative", "", ""),
    ]
    assert lines[0]["message"] == "x, <script>alert(1)</script>\nsecond"


def test_the_json_leads_both_ways(written):
    data = json.loads(written["matrix.json"])
    assert data["requirement_counts"] == {"FAILING": 1, "UNCOVERED": 0, "PARTIAL": 1, "NOT_RUN": 0, "PASSING": 0}
    assert data["run"] == {
        "started": "2026-01-01T10:00:00",
        "elapsed_s": 12.0,
        "metadata": {"Model": "m"},
        "afterwards": [],
        "log": "../log.html",
    }
    partial = data["requirements"][1]
    assert (partial["id"], partial["risk"]["level"], partial["kinds"]["negative"]) == ("A-001", "low", [])
    assert partial["kinds"]["functional"][0]["evidence"] == "../evidence/a-row/index.html"
    assert data["rows"][1]["requirements"] == ["B-001"]
