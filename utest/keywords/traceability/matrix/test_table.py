import pytest

from keywords.traceability.matrix.head import notes
from keywords.traceability.register.criteria import Criterion
from keywords.traceability.register.reviews import fingerprint
from keywords.traceability.rows import Row
from utest.keywords.traceability.matrix.runs import BOTH, FUNCTIONAL, NEGATIVE, matrix, requirement, result


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
