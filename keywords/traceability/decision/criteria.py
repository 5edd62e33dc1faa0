"""Exit criteria of a run, each with its figure: met, not met, or not to be judged from what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.traceability.register.criteria import (
    Age,
    Coverage,
    Expired,
    Failures,
    Latency,
    OpenBugs,
    Proof,
    Scores,
    Suspects,
)

if TYPE_CHECKING:
    from datetime import date

    from keywords.traceability.decision.measurements import Measurements
    from keywords.traceability.matrix.table import Line, Matrix
    from keywords.traceability.register.criteria import Criterion

UNDECIDED = ("NOT_RUN", "STALE", "INCONCLUSIVE")
"""Statuses of requirements that were not tried well enough to be proven or refuted."""
HOLDS = ("PASSING",)


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion, judged.

    Attributes:
        id: of the criterion.
        title: of the criterion.
        met: whether it holds; None if that cannot be told.
        figure: what was measured, with n.
        requirements: ids of the requirements that keep it from holding.
        bugs: ids of the bugs that do.
    """

    id: str
    title: str
    met: bool | None
    figure: str
    requirements: tuple[str, ...] = ()
    bugs: tuple[str, ...] = ()


def judge_criteria(matrix: Matrix, measurements: Measurements, today: date) -> list[Judged]:
    """Judge all exit criteria of the register.

    Args:
        matrix: the requirements with their statuses.
        measurements: what load runs and evaluations left.
        today: for what expires.
    """
    return [_judge(criterion, matrix, measurements, today) for criterion in matrix.register.criteria]


def waived(matrix: Matrix, today: date) -> frozenset[str]:
    """Ids of the requirements that a release may lack by a waiver that holds."""
    waivers = matrix.register.waivers.values()
    return frozenset(one.requirement for one in waivers if not one.has_expired(today))


_Measured = tuple[bool | None, str, tuple[str, ...], tuple[str, ...]]
"""Whether a criterion is met, its figure, and the requirements and bugs that keep it from that."""


def _judge(criterion: Criterion, matrix: Matrix, measurements: Measurements, today: date) -> Judged:
    measured: _Measured
    match criterion.measure:
        case Coverage() | Suspects() | Age() as measure:
            measured = _of_rows(measure, matrix)
        case Proof() | Failures() | Expired() as measure:
            measured = _of_proof(measure, matrix, today)
        case OpenBugs() as measure:
            measured = _open_bugs(measure, matrix)
        case Latency() as measure:
            measured = (*measurements.latency(measure), (), ())
        case Scores() as measure:
            measured = (*measurements.scores(measure, today), (), ())
    return Judged(criterion.id, criterion.title, *measured)


def _of_rows(measure: Coverage | Suspects | Age, matrix: Matrix) -> _Measured:
    match measure:
        case Coverage():
            return _coverage(measure, matrix)
        case Suspects():
            suspects = _with_status(matrix, "SUSPECT")
            figure = f"{len(suspects)} of {len(matrix.lines)} requirements"
            return len(suspects) <= measure.at_most, figure, tuple(suspects), ()
        case Age():
            stale = _with_status(matrix, "STALE")
            days = "1 day" if measure.at_most_days == 1 else f"{measure.at_most_days} days"
            figure = f"{len(stale)} of {len(matrix.lines)} requirements rest on results older than {days}"
            # A result that is too old refutes nothing.
            return (None if stale else True), figure, tuple(stale), ()


def _of_proof(measure: Proof | Failures | Expired, matrix: Matrix, today: date) -> _Measured:
    match measure:
        case Proof():
            return _proof(measure, matrix, today)
        case Failures():
            failing = [one for one in _with_status(matrix, "FAILING") if one not in waived(matrix, today)]
            return len(failing) <= measure.at_most, f"{len(failing)} of {len(matrix.lines)} fail", tuple(failing), ()
        case Expired():
            return _expired(measure, matrix, today)


def _open_bugs(measure: OpenBugs, matrix: Matrix) -> _Measured:
    found = [bug for bug in matrix.register.bugs.values() if bug.is_open]
    severe = tuple(bug.id for bug in found if bug.severity in measure.severities)
    return len(severe) <= measure.at_most, f"{len(severe)} of {len(found)} open bugs", (), severe


def _with_status(matrix: Matrix, status: str) -> list[str]:
    return [line.requirement.id for line in matrix.lines if line.status == status]


def _coverage(measure: Coverage, matrix: Matrix) -> _Measured:
    needing = [line for line in matrix.lines if measure.kind in line.requirement.needs]
    lacking = [line.requirement.id for line in needing if not line.by_kind[measure.kind]]
    if not needing:
        return None, f"no requirement needs a {measure.kind} row", (), ()
    covered = len(needing) - len(lacking)
    met = covered >= measure.at_least * len(needing)
    return met, f"{covered} of {len(needing)}, {covered / len(needing):.0%}", tuple(lacking), ()


def _proof(measure: Proof, matrix: Matrix, today: date) -> _Measured:
    high = [line for line in matrix.lines if line.requirement.score >= measure.risk_at_least]
    if not high:
        return None, f"no requirement has a risk of {measure.risk_at_least} or more", (), ()
    excused = waived(matrix, today)
    needed = [line for line in high if line.requirement.id not in excused]
    open_ = [line for line in needed if line.status not in HOLDS]
    refuted = [line for line in open_ if not _is_undecided(line)]
    proven = len(needed) - len(open_)
    figure = f"{proven} of {len(high)} proven"
    figure += f", {len(high) - len(needed)} waived" if len(high) > len(needed) else ""
    figure += f", {len(open_) - len(refuted)} not decided" if len(open_) > len(refuted) else ""
    needed_count = measure.at_least * len(needed)
    met = True if proven >= needed_count else None if len(needed) - len(refuted) >= needed_count else False
    return met, figure, tuple(line.requirement.id for line in (refuted or open_)), ()


def _is_undecided(line: Line) -> bool:
    # A row that the run did not come to, and a skip, refute nothing.
    return line.status in UNDECIDED or (
        line.status == "PARTIAL" and all(line.by_kind[k] for k in line.requirement.needs)
    )


def _expired(measure: Expired, matrix: Matrix, today: date) -> _Measured:
    bugs = [bug.id for bug in matrix.register.bugs.values() if bug.has_expired(today)]
    waivers = [one for one in matrix.register.waivers.values() if one.has_expired(today)]
    figure = (
        f"{len(bugs)} of {len(matrix.register.bugs)} bugs, {len(waivers)} of {len(matrix.register.waivers)} waivers"
    )
    met = len(bugs) + len(waivers) <= measure.at_most
    return met, figure, tuple(one.requirement for one in waivers), tuple(bugs)
