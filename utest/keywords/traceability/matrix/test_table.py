from dataclasses import replace
from pathlib import Path

import pytest

from keywords.traceability.matrix.head import exit_criteria, notes, verdict
from keywords.traceability.matrix.table import build
from keywords.traceability.register.criteria import Criterion
from keywords.traceability.register.register import Register
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.register.reviews import fingerprint
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row


def requirement(id_="A-001", needs=("functional",), score=(1, 1), title="A title"):
    risk = dict(zip(("likelihood", "impact"), score, strict=True))
    return Requirement(id=id_, title=title, text="A text", area="area", risk=risk, needs=needs, owner="quality")


def result(status, *tags, name="A row", message="", evidence=None, replaced=(), **more):
    started = "2026-01-01T10:00:00"
    return Result(Row(name, "Suites.S", tags), status, message, 0.5, started, evidence, "s1-t1", replaced, **more)


def matrix(requirements, results, rows=(), output=Path("results/output.xml"), metadata=None, **run):
    more = run.pop("register", {})
    register = Register(Path("requirements.yaml"), {one.id: one for one in requirements}, **more)
    metadata = {"Model": "m", "Missing need redis": "No Redis.", "Missing need gpu": "No GPU.", **(metadata or {})}
    return build(register, Run(output, tuple(results), metadata, "2026-01-01T10:00:00", 12.0, **run), rows)


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
        (BOTH, [result("SKIP", *FUNCTIONAL, message="no GPU")], "PARTIAL", "no row of kind negative"),
        (("functional",), [result("SKIP", *FUNCTIONAL, message="no GPU")], "NOT_RUN", "no GPU"),
        (("functional",), [result("SKIP", *FUNCTIONAL, "needs:gpu", message="No GPU.")], "NOT_RUN", "needs gpu"),
        (
            ("functional",),
            [result("PASS", *FUNCTIONAL), result("SKIP", *FUNCTIONAL, "needs:redis", message="No Redis.")],
            "PASSING",
            "",
        ),
        (
            ("functional",),
            [result("PASS", *FUNCTIONAL), result("SKIP", *FUNCTIONAL)],
            "PARTIAL",
            "1 of 2 rows skipped unexpectedly",
        ),
        (
            ("functional",),
            [result("PASS", *FUNCTIONAL), result("SKIP", *FUNCTIONAL, message="INCONCLUSIVE: load 14")],
            "INCONCLUSIVE",
            "1 of 2 rows inconclusive",
        ),
        (
            ("functional",),
            [result("PASS", *FUNCTIONAL, replaced=("FAIL",)), result("PASS", *FUNCTIONAL, name="B")],
            "FLAKY",
            "1 of 2 rows passed only when executed again",
        ),
        (
            ("functional",),
            [
                result("PASS", *FUNCTIONAL, replaced=("FAIL",)),
                result("SKIP", *FUNCTIONAL, name="B", known_as="BUG-0042"),
            ],
            "KNOWN_BUG",
            "1 of 2 rows failed as known: BUG-0042",
        ),
        (
            ("functional",),
            [result("SKIP", *FUNCTIONAL, known_as="BUG-0042"), result("SKIP", *FUNCTIONAL, message="INCONCLUSIVE: x")],
            "INCONCLUSIVE",
            "1 of 2 rows inconclusive",
        ),
        (("functional",), [result("SKIP", *FUNCTIONAL, message="KNOWN BUG-0042: a fake")], "NOT_RUN", "KNOWN BUG-0042"),
        (("functional",), [result("PASS", *FUNCTIONAL, replaced=("SKIP",))], "PASSING", ""),
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
    assert {name: count for name, count in found.row_counts.items() if count} == {"NOT RUN": 1}


@pytest.mark.parametrize(("reviewed", "status"), [("of-an-earlier-text", "SUSPECT"), (None, "PASSING")])
def test_a_row_that_was_reviewed_with_another_text_is_suspect(reviewed, status):
    one = requirement()
    reviews = {"A-001": {"A row": reviewed or fingerprint(one)}}
    line = matrix([one], [result("PASS", *FUNCTIONAL)], register={"reviews": reviews}).lines[0]
    assert line.status == status
    assert ("`qa review A-001`" in line.reason) == bool(reviewed)


@pytest.mark.parametrize(("days", "status"), [(1, "STALE"), (100_000, "PASSING")])
def test_a_result_beyond_the_age_that_counts_is_stale(days, status):
    measure = {"of": "age", "at_most_days": days}
    criteria = (Criterion(id="EXIT-001", title="Results are fresh", measure=measure),)
    line = matrix([requirement()], [result("PASS", *FUNCTIONAL)], register={"criteria": criteria}).lines[0]
    assert line.status == status


def test_rows_are_counted_by_what_they_prove():
    found = matrix(
        [requirement()],
        [
            result("PASS", *FUNCTIONAL, replaced=("FAIL",)),
            result("SKIP", *FUNCTIONAL, known_as="BUG-0001"),
            result("SKIP", *FUNCTIONAL, message="INCONCLUSIVE: x"),
        ],
    )
    counted = {name: count for name, count in found.row_counts.items() if count}
    assert counted == {"INCONCLUSIVE": 1, "KNOWN": 1, "FLAKY-PASS": 1}
    assert "1 row failed as known bugs say" in notes(found)


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


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        (["SKIP"], "No verdict: its only row was skipped"),
        (["SKIP", "SKIP"], "No verdict: all 2 rows were skipped"),
        ([], "No verdict: there was no row to run"),
    ],
)
def test_a_run_that_executed_no_row_has_no_verdict(statuses, sentence):
    assert verdict(matrix([requirement()], [result(status, *FUNCTIONAL) for status in statuses])) == sentence


def test_the_verdict_tells_what_failed_after_the_rows():
    found = matrix([requirement()], [result("PASS", *FUNCTIONAL)])
    found = replace(found, run=replace(found.run, afterwards=("The gateway did not end",)))
    assert verdict(found) == "No requirement fails, but the run did not end well: The gateway did not end"


def test_a_requirement_with_a_row_that_the_run_did_not_come_to_is_not_proven():
    line = matrix(
        [requirement()], [result("PASS", *FUNCTIONAL), result("NOT RUN", *FUNCTIONAL, message=STOPPED)]
    ).lines[0]
    assert (line.status, line.reason) == ("PARTIAL", "1 of 2 rows did not run")


HIGH = {"score": (3, 4)}
NEED_REDIS = ("kind:functional", "needs:redis")


@pytest.mark.parametrize(
    ("requirements", "results", "run", "sentence"),
    [
        ([requirement()], [result("PASS", *FUNCTIONAL)], {}, "No requirement has a high risk"),
        (
            [requirement(**HIGH)],
            [result("PASS", *FUNCTIONAL)],
            {},
            "Exit criteria met as to risk: 1 high-risk requirement is proven",
        ),
        (
            [requirement(**HIGH)],
            [result("FAIL", *FUNCTIONAL)],
            {},
            "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 fails)",
        ),
        (
            [requirement(**HIGH), requirement("B-001", **HIGH), requirement("C-001", **HIGH), requirement("D-001")],
            [
                result("SKIP", "req:A-001", "req:B-001", *NEED_REDIS, message="No Redis."),
                result("SKIP", "req:C-001", "kind:functional", "needs:gpu", message="No GPU."),
            ],
            {},
            "Exit criteria not met: 3 of 3 high-risk requirements are unproven (2 need redis, 1 needs gpu)",
        ),
        (
            [requirement(**HIGH), requirement("B-001", **HIGH)],
            [result("PASS", *FUNCTIONAL), result("SKIP", "req:B-001", "kind:functional", message="--skip")],
            {},
            "Exit criteria not met: 1 of 2 high-risk requirements is unproven (1 skipped unexpectedly)",
        ),
        (
            [requirement(**HIGH)],
            [result("SKIP", *FUNCTIONAL, message="INCONCLUSIVE: load 14")],
            {},
            "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 inconclusive)",
        ),
        (
            [requirement(**HIGH)],
            [],
            {},
            "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 has no row)",
        ),
        (
            [requirement(needs=BOTH, **HIGH)],
            [result("PASS", *FUNCTIONAL)],
            {},
            "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 lacks a kind of row)",
        ),
        (
            [requirement(**HIGH)],
            [result("NOT RUN", *FUNCTIONAL, message=STOPPED)],
            {},
            "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 not reached)",
        ),
        (
            [requirement(**HIGH)],
            [result("PASS", *FUNCTIONAL)],
            {"merged": "combined from 2 runs"},
            "Exit criteria not judged: they need one run, and this output is combined from 2 runs",
        ),
    ],
)
def test_the_head_says_whether_the_exit_criteria_are_met_and_what_is_in_the_way(requirements, results, run, sentence):
    assert exit_criteria(matrix(requirements, results, **run)) == sentence


def test_a_high_risk_requirement_whose_row_the_run_left_out_is_unproven():
    found = matrix([requirement(**HIGH)], [], rows=[Row("A row", "Suites.S", FUNCTIONAL)])
    assert exit_criteria(found).endswith("(1 left out of this run)")


def test_the_head_notes_what_is_no_proof():
    found = matrix(
        [requirement()],
        [
            result("SKIP", *FUNCTIONAL, message="because"),
            result("SKIP", *FUNCTIONAL, message="INCONCLUSIVE: load 14"),
            result("SKIP", "req:A-001", *NEED_REDIS, message="No Redis."),
            result("SKIP", "req:A-001", *NEED_REDIS, name="B", message="No Redis."),
        ],
        merged="combined from 2 runs",
        errors=("Calling method 'start_suite' of listener failed",),
    )
    assert notes(found) == [
        "This output is not of one run: combined from 2 runs",
        "1 error in Robot's log",
        "1 unexpected skip",
        "1 inconclusive row",
        "2 rows skipped, as expected without redis",
    ]
    assert notes(matrix([requirement()], [result("PASS", *FUNCTIONAL)])) == []
