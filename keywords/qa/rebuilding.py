"""Output of a run that was killed: from the parts of its processes, and from the evidence of its rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from robot.result import Result as RobotResult
from robot.result import TestSuite

from keywords.qa.combine import UNFINISHED, combine
from keywords.traceability.evidence.left_behind import LOST
from keywords.traceability.results import EVIDENCE, KNOWN_AS, NOT_STARTED

if TYPE_CHECKING:
    from pathlib import Path

    from robot.result import TestCase

    from keywords.run.shared_run import Plan
    from keywords.traceability.results import Result, Run

KILLED = "was killed"


def from_evidence(left: Run) -> RobotResult:
    """The output of a run of one process, whose rows have no steps any more.

    Args:
        left: its rows; those that had not ended are lost.
    """
    root = TestSuite(name=left.results[0].row.suite.split(".")[0] if left.results else "Suites")
    root.metadata.update(left.metadata)
    suites: dict[str, TestSuite] = {root.name: root}
    for result in left.results:
        test = _suite(result.row.suite, suites).tests.create(name=result.row.name, tags=result.row.tags)
        _end_as(test, result)
    root.start_time = datetime.fromisoformat(left.started) if left.started else datetime.now()  # noqa: DTZ005  # Robot's times are local
    root.elapsed_time = timedelta(seconds=left.elapsed_s)
    return RobotResult(suite=root, rpa=False)


def from_parts(parts: Path, plan: Plan, left: Run | None) -> RobotResult:
    """The output of a run that several processes shared, with the steps of its rows as far as they were written.

    Args:
        parts: the folder of the parts.
        plan: of all suites.
        left: what the evidence says of the rows, which it knows to have ended before their steps are written; None if
            there is no evidence.

    Raises:
        DataError: a part is no output of Robot.
    """
    result = combine(dict.fromkeys(sorted(parts.glob("*/output.xml")), KILLED), plan)
    known = {one.row.full_name: one for one in left.results} if left else {}
    for test in result.suite.all_tests:
        if test.message.startswith((NOT_STARTED, UNFINISHED)):
            # What is written of a row in which its process was killed proves nothing.
            test.body.clear()
            test.setup = test.teardown = None
            ended = known.get(test.full_name)
            if ended:
                _end_as(test, ended)
            else:
                test.status, test.message = "FAIL", LOST
    if left:
        # Robot writes the metadata of a suite at its end.
        result.suite.metadata.update(
            {name: value for name, value in left.metadata.items() if name not in result.suite.metadata}
        )
    return result


def _suite(name: str, suites: dict[str, TestSuite]) -> TestSuite:
    """The suite of a full name, made with those around it; names of suites hold no dots of their own here."""
    if name not in suites:
        parent, _, own = name.rpartition(".")
        suites[name] = _suite(parent, suites).suites.create(name=own)
    return suites[name]


def _end_as(test: TestCase, result: Result) -> None:
    """Let a row end as its evidence says."""
    test.status = "SKIP" if result.known_as else result.status
    test.message = f"KNOWN {result.known_as}: {result.message}" if result.known_as else result.message
    test.elapsed_time = timedelta(seconds=result.elapsed_s)
    if result.started:
        test.start_time = datetime.fromisoformat(result.started)
        # A row without an executed step counts as not run.
        test.body.create_keyword(name="Recovered from evidence", status=test.status, start_time=test.start_time)
    if result.evidence:
        test.metadata[EVIDENCE] = f"[{result.evidence}|recovered]"
    if result.known_as:
        test.metadata[KNOWN_AS] = result.known_as
