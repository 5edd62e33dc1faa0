import datetime as dt
import json
import re

import pytest

from keywords.traceability.bugs.draft import DraftError, Reporter, draft, draft_differences, next_id, pattern_of
from keywords.traceability.bugs.known import judge, known_defects
from keywords.traceability.register.bugs import load_bugs
from keywords.traceability.register.differences import load_target
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row

REPORTER = Reporter('A "tester"', "quality", dt.date(2026, 11, 28), dt.date(2027, 2, 26))
FACTS = {
    "name": 'A stream says "stop": properly',
    "suite": "Acceptance.Streaming.Streaming",
    "requirements": ["STRM-001"],
    "status": "FAIL",
    "message": "The finish reason should come after 0.5 s, not 12.25 s at 10.0.0.1:37721\nmore",
    "environment": {"Commit": "0123456789 with changes", "Model": "m"},
    "gateway": {"version": "0.1.0"},
    "versions": {"python": "3.11"},
    "rerun": "robot --test 'A' suites",
}


@pytest.fixture
def evidence(tmp_path):
    def write(**changed):
        folder = tmp_path / "evidence"
        folder.mkdir(exist_ok=True)
        (folder / "row.json").write_text(json.dumps({**FACTS, **changed}))
        return folder

    return write


def test_a_draft_is_a_bug_that_makes_its_row_known(evidence, tmp_path):
    folder = tmp_path / "bugs"
    folder.mkdir()
    (folder / "BUG-0007.yaml").write_text(draft(evidence(), "BUG-0007", REPORTER, "results/evidence/x"), "utf-8")
    bugs = load_bugs(folder)
    bug = bugs["BUG-0007"]
    assert (bug.found.by, bug.found.day, bug.expires) == ('A "tester"', REPORTER.day, REPORTER.expires)
    assert bug.test_object == "gateway 0.1.0, commit 0123456789 with changes, model m"
    assert bug.steps == "1. robot --test 'A' suites"
    row = Row(FACTS["name"], FACTS["suite"], ())
    other_numbers = FACTS["message"].replace("12.25", "9.5").replace("37721", "40000")
    assert judge(row, "FAIL", other_numbers, known_defects(bugs)).known_as == "BUG-0007"
    assert judge(row, "FAIL", "The gateway is away", known_defects(bugs)).status == "FAIL"


def test_a_script_of_requests_is_the_first_step(evidence):
    folder = evidence()
    (folder / "curl.sh").touch()
    assert "sh results/evidence/x/curl.sh" in draft(folder, "BUG-0001", REPORTER, "results/evidence/x")


@pytest.mark.parametrize(("status", "problem"), [("PASS", "its row ended as PASS"), ("SKIP", "ended as SKIP")])
def test_only_a_failure_is_a_bug(evidence, status, problem):
    with pytest.raises(DraftError, match=problem):
        draft(evidence(status=status), "BUG-0001", REPORTER, "x")


def test_a_folder_without_evidence_is_refused(tmp_path):
    with pytest.raises(DraftError, match="name a folder below results/evidence"):
        draft(tmp_path, "BUG-0001", REPORTER, "x")


@pytest.mark.parametrize(
    ("message", "other"),
    [
        ("The status should be 404, got 200; POST http://x answered {", "The status should be 404, got 500; POST"),
        ("The finish reason should be 'stop', got 'length'", "The reason of the end should be 'stop', got 'length'"),
    ],
)
def test_a_pattern_fits_no_other_failure(message, other):
    assert re.search(pattern_of(message), message)
    assert not re.search(pattern_of(message), other)


def test_a_pattern_leaves_out_what_a_model_said():
    assert re.search(pattern_of("The text should be 'a', got 'Hello'"), "The text should be 'a', got 'Goodbye'")


def test_differences_are_drafted_from_a_run(tmp_path):
    rows = [
        Result(Row("A model is found", "Acceptance.Api.Models", ()), "FAIL", 'Refused with 404: "Not Found"'),
        Result(Row("It passes", "Acceptance.Api.Models", ()), "PASS"),
    ]
    run = Run(tmp_path / "output.xml", tuple(rows), {}, "", 1.0)
    (tmp_path / "targets").mkdir()
    text = draft_differences(run, "A server", "1.0: beta", "server --port 1", REPORTER.day)
    (tmp_path / "targets" / "server.yaml").write_text(text, "utf-8")
    target = load_target(tmp_path / "requirements.yaml", "server")
    assert (target.version, len(target.differences)) == ("1.0: beta", 1)
    known = known_defects({}, target, "server")
    assert judge(rows[0].row, "FAIL", rows[0].message, known).known_as == "DIFF-001 of server"
    assert judge(rows[0].row, "PASS", "", known).message.startswith("DIFF-001 of server seems fixed")


def test_ids_go_on_after_the_last_one():
    assert next_id(()) == "BUG-0001"
    assert next_id(("BUG-0009", "BUG-0041", "BUG-0002")) == "BUG-0042"


@pytest.mark.parametrize("message", ["Status 500 (at 12.5 s)", "a.b*c[0]", "", "x" * 500])
def test_a_pattern_fits_its_message(message):
    assert re.search(pattern_of(message), message)
