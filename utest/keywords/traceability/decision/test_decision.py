import datetime as dt
from pathlib import Path

import pytest

from keywords.traceability.decision.changes import compare, remember
from keywords.traceability.decision.criteria import judge_criteria
from keywords.traceability.decision.measurements import Measurements
from keywords.traceability.decision.verdict import decide
from keywords.traceability.matrix.table import build
from keywords.traceability.register.bugs import Bug
from keywords.traceability.register.criteria import Criterion
from keywords.traceability.register.register import Register
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.register.waivers import Waiver
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row

TODAY = dt.date(2026, 11, 28)
DAYS = {"found": dt.date(2026, 11, 1), "later": dt.date(2026, 12, 31), "past": dt.date(2026, 11, 27)}


def requirement(id_, score=(3, 4), needs=("functional",)):
    risk = dict(zip(("likelihood", "impact"), score, strict=True))
    return Requirement(id=id_, title="It holds", text="Text", area="area", risk=risk, needs=needs, owner="quality")


def result(status, id_="A-001", name="A row", message="", **more):
    row = Row(name, "Suites.S", (f"req:{id_}", "kind:functional"))
    return Result(row, status, message, 0.5, "2026-11-28T10:00:00", **more)


def bug(status="new", severity="S1", expires="later"):
    line = {"day": DAYS["found"], "by": "me", "status": status, "note": "found"}
    texts = dict.fromkeys(("title", "test_object", "environment", "steps", "expected", "actual"), "unknown")
    return Bug(
        **texts,
        id="BUG-0001",
        status=status,
        severity=severity,
        priority="P1",
        found={"day": DAYS["found"], "by": "me", "role": "quality"},
        requirements=["A-001"],
        frequency="1 of 1",
        evidence="unknown",
        expires=DAYS[expires],
        history=[line],
    )


def waiver(expires="later"):
    return Waiver(
        id="WAIV-001",
        requirement="A-001",
        owner="quality",
        reason="Late",
        bug="BUG-0001",
        added=DAYS["found"],
        expires=DAYS[expires],
    )


def criterion(**measure):
    return Criterion(id="EXIT-001", title="It is so", measure=measure)


PROOF = criterion(of="proof", risk_at_least=12, at_least=1)
NO_FAILURE = criterion(of="failures", at_most=0)
NO_S1 = criterion(of="open bugs", severities=["S1"], at_most=0)
NOTHING_EXPIRED = criterion(of="expired", at_most=0)


def matrix(results, *criteria, requirements=None, metadata=None, started="2026-11-28T10:00:00", **register):
    requirements = requirements or [requirement("A-001")]
    of = Register(Path("r.yaml"), {one.id: one for one in requirements}, criteria=criteria, **register)
    run = Run(Path("results/output.xml"), tuple(results), metadata or {}, started, 12.0)
    return build(of, run, now=dt.datetime.fromisoformat("2026-11-28T12:00:00"))


def judged(*arguments, **more):
    (one,) = judge_criteria(matrix(*arguments, **more), Measurements([Path("none.db")], {}), TODAY)
    return one.met, one.figure


@pytest.mark.parametrize(
    ("results", "met", "figure"),
    [
        ([result("PASS")], True, "1 of 1 proven"),
        ([result("FAIL")], False, "0 of 1 proven"),
        ([result("SKIP", known_as="BUG-0001")], False, "0 of 1 proven"),
        ([result("PASS", replaced=("FAIL",))], False, "0 of 1 proven"),
        ([], False, "0 of 1 proven"),
        ([result("SKIP", message="No GPU.")], None, "0 of 1 proven, 1 not decided"),
        ([result("SKIP", message="INCONCLUSIVE: load 14")], None, "0 of 1 proven, 1 not decided"),
        (
            [result("PASS"), result("NOT RUN", name="B", message="Not started: it stopped")],
            None,
            "0 of 1 proven, 1 not",
        ),
    ],
)
def test_a_high_risk_is_proven_refuted_or_undecided(results, met, figure):
    found = judged(results, PROOF)
    assert found[0] is met
    assert found[1].startswith(figure)


def test_one_refuted_requirement_is_enough():
    two = [requirement("A-001"), requirement("B-001")]
    assert judged([result("FAIL"), result("SKIP", "B-001", "B")], PROOF, requirements=two)[0] is False


@pytest.mark.parametrize(("expires", "met"), [("later", True), ("past", False)])
def test_a_waiver_excuses_a_requirement_until_its_last_day(expires, met):
    more = {"bugs": {"BUG-0001": bug()}, "waivers": {"WAIV-001": waiver(expires)}}
    assert judged([result("SKIP", known_as="BUG-0001")], PROOF, **more)[0] is met
    assert judged([result("FAIL")], NO_FAILURE, **more)[0] is met


@pytest.mark.parametrize(
    ("one", "met", "figure"),
    [
        (bug(), False, "1 of 1 open bugs"),
        (bug(severity="S2"), True, "0 of 1 open bugs"),
        (bug("closed"), True, "0 of 0 open bugs"),
    ],
)
def test_open_bugs_are_counted_by_severity(one, met, figure):
    assert judged([result("PASS")], NO_S1, bugs={"BUG-0001": one}) == (met, figure)


@pytest.mark.parametrize(("one", "met"), [(bug(expires="past"), False), (bug("closed", expires="past"), True)])
def test_only_what_is_open_expires(one, met):
    assert judged([result("PASS")], NOTHING_EXPIRED, bugs={"BUG-0001": one})[0] is met


def test_coverage_counts_the_requirements_that_need_the_kind():
    three = [requirement("A-001"), requirement("B-001"), requirement("C-001", needs=("negative",))]
    one = criterion(of="coverage", kind="functional", at_least=0.9)
    assert judged([result("PASS")], one, requirements=three) == (False, "1 of 2, 50%")


def test_without_a_measurement_nothing_is_said_of_it():
    assert (
        judged([result("PASS")], criterion(of="latency", series="release", metric="ttft", percentile=95, limit="X"))[0]
        is None
    )
    scores = criterion(of="scores", at_most_days=7, baselines=[{"set": "short-facts", "limit": "X"}])
    assert judged([result("PASS")], scores)[0] is None


def verdict(built, build="c1"):
    decision = decide(built, judge_criteria(built, Measurements([Path("none.db")], {}), TODAY), build)
    return decision.verdict, decision.reasons[0]


@pytest.mark.parametrize(
    ("results", "metadata", "expected"),
    [
        ([result("PASS")], {}, ("GO", "All 1 exit criteria are met")),
        ([result("FAIL")], {}, ("NO-GO", "EXIT-001: It is so: 1 of 1 fail")),
        ([result("PASS"), result("SKIP", name="B")], {}, ("NO VERDICT", "1 row skipped, and no missing need")),
        ([result("SKIP")], {}, ("NO VERDICT", "The run proves nothing: its only row was skipped")),
        ([result("PASS")], {"Commit": "c0"}, ("NO VERDICT", "The evidence is older than the build: it is of c0")),
        ([result("FAIL")], {"Commit": "c0"}, ("NO VERDICT", "The evidence is older than the build: it is of c0")),
        ([result("FAIL")], {"Commit": "c1"}, ("NO-GO", "EXIT-001")),
        (
            [result("PASS"), result("NOT RUN", name="B", message="Not started: killed")],
            {},
            ("NO VERDICT", "The run is not valid: the run was stopped, 1 of 2 rows did not run: killed"),
        ),
        (
            [result("PASS"), result("SKIP", name="B", message="INCONCLUSIVE: load")],
            {},
            ("NO VERDICT", "1 requirement of high risk inconclusive: A-001"),
        ),
    ],
)
def test_verdict(results, metadata, expected):
    found = verdict(matrix(results, NO_FAILURE, metadata=metadata))
    assert found[0] == expected[0]
    assert found[1].startswith(expected[1])


def test_without_criteria_there_is_no_verdict():
    assert verdict(matrix([result("PASS")]))[0] == "NO VERDICT"


def test_changes_are_told_by_row(tmp_path):
    file = tmp_path / "history.db"
    before = [result("PASS"), result("FAIL", name="B"), result("FAIL", name="C"), result("PASS", name="Gone")]
    remember(file, matrix(before, NO_FAILURE, started="2026-11-27T10:00:00"), "NO-GO")
    now = [result("FAIL"), result("PASS", name="B"), result("FAIL", name="C"), result("PASS", name="New")]
    changes = compare(file, matrix(now, NO_FAILURE))
    assert changes.since == "2026-11-27T10:00:00"
    assert dict(changes.groups) == {
        "New failures": ("A row",),
        "Still failing": ("C",),
        "Fixed": ("B",),
        "Rows that this run has and the last one did not": ("New",),
        "Rows that the last run had and this one did not": ("Gone",),
    }
    assert [run.verdict for run in changes.runs] == ["NO-GO"]


def test_the_first_run_has_nothing_to_be_compared_with(tmp_path):
    assert compare(tmp_path / "history.db", matrix([result("PASS")], NO_FAILURE)).since == ""
