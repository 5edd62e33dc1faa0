from dataclasses import replace

import pytest

from keywords.traceability.matrix.head import exit_criteria, notes, verdict
from keywords.traceability.rows import Row
from utest.keywords.traceability.matrix.runs import BOTH, FUNCTIONAL, matrix, requirement, result


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
