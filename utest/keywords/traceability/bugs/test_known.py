import datetime as dt
import subprocess

import pytest

from keywords.traceability.bugs.known import judge, known_defects, with_known
from keywords.traceability.bugs.proposal import propose
from keywords.traceability.register.bugs import Bug, load_bugs
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row

ROW = Row("A row", "Suites.Api.Chat", ("req:CHAT-001",))
FILE = """\
id: BUG-0001
title: The answer is empty
status: {status}
severity: S2
priority: P2
found: {{day: 2026-11-01, by: A tester, role: quality}}
requirements: [CHAT-001]
rows: [Chat.A row]
message: text .* is empty
test_object: 0.1.0, commit 123
environment: Linux
steps: |
  1. Ask.
expected: An answer.
actual: None.
frequency: 3 of 3
evidence: results/evidence/a-row-123456
expires: 2026-12-31
history:
  - {{day: 2026-11-01, by: A tester, status: {status}, note: found}}
"""


@pytest.fixture
def bug(tmp_path):
    def make(status="new", name="BUG-0001"):
        folder = tmp_path / "resources" / "register" / "bugs"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.yaml"
        path.write_text(FILE.format(status=status).replace("BUG-0001", name))
        return path

    return make


def known(path):
    return known_defects(load_bugs(path.parent))


@pytest.mark.parametrize(
    ("bug_status", "end", "ended", "told"),
    [
        ("new", ("FAIL", "The text it gave is empty"), "SKIP", "KNOWN BUG-0001: The text it gave is empty"),
        ("deferred", ("FAIL", "The text it gave is empty"), "SKIP", "KNOWN BUG-0001: "),
        ("new", ("FAIL", "*HTML*The text <b>x</b> is empty"), "SKIP", "*HTML* KNOWN BUG-0001: The text <b>"),
        ("new", ("FAIL", "Status 500"), "FAIL", "Another defect hides behind BUG-0001: Status 500"),
        ("re-opened", ("PASS", ""), "FAIL", "BUG-0001 seems fixed, since the row passed: confirm it by `qa bugs"),
        ("closed", ("FAIL", "The text it gave is empty"), "FAIL", "BUG-0001 is closed, and fails again: The text"),
        ("fixed", ("FAIL", "The text it gave is empty"), "FAIL", "BUG-0001 is fixed, and fails again: The text"),
    ],
)
def test_a_bug_decides_how_its_row_ends(bug, bug_status, end, ended, told):
    judged = judge(ROW, *end, known(bug(bug_status)))
    assert judged.status == ended
    assert judged.message.startswith(told)
    assert judged.known_as == ("BUG-0001" if ended == "SKIP" else "")
    assert judged.reopens == ("BUG-0001" if "again" in told else "")


@pytest.mark.parametrize(
    ("bug_status", "status", "row"),
    [
        ("new", "SKIP", ROW),
        ("new", "FAIL", Row("Another row", "Suites.Api.Chat", ())),
        ("new", "FAIL", Row("A row", "Suites.Api.Group Chat", ())),
        ("closed", "PASS", ROW),
        ("closed", "FAIL", ROW),
        ("rejected", "FAIL", ROW),
        ("rejected", "PASS", ROW),
    ],
)
def test_what_a_bug_does_not_say_stays(bug, bug_status, status, row):
    assert judge(row, status, "Status 500", known(bug(bug_status))) is None


def test_of_two_bugs_the_one_that_fits_counts(bug):
    bug("new", "BUG-0002").write_text(
        FILE.format(status="new").replace("BUG-0001", "BUG-0002").replace("text .* is empty", "Status 5")
    )
    assert judge(ROW, "FAIL", "Status 500", known(bug())).known_as == "BUG-0002"


def test_a_proposed_change_can_be_applied_and_is_valid(bug, tmp_path):
    path = bug("closed")
    on = dt.date(2026, 11, 28)
    patch = propose(path, "re-opened", 'it "failed": again', by="qa run", on=on, to=tmp_path / "results")
    assert load_bugs(path.parent)["BUG-0001"].status == "closed"
    subprocess.run(["git", "apply", str(patch)], cwd=tmp_path, check=True)
    changed: Bug = load_bugs(path.parent)["BUG-0001"]
    assert changed.status == "re-opened"
    assert (changed.history[-1].note, changed.history[-1].day) == ('it "failed": again', on)


def test_a_run_that_was_not_told_of_a_bug_can_be_told_afterwards(bug, tmp_path):
    messages = {"A row": "The text it gave is empty", "Another": "The text it gave is empty"}
    results = tuple(Result(Row(name, "Suites.Api.Chat", ()), "FAIL", text) for name, text in messages.items())
    told = with_known(Run(tmp_path / "output.xml", results, {}, "", 1.0), known(bug()))
    assert [(one.status, one.known_as) for one in told.results] == [("SKIP", "BUG-0001"), ("FAIL", "")]
