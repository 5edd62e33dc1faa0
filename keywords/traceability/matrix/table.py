"""Joins the register, the rows and a run: what is proven, what is not, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.traceability.results import NOT_RUN, Result
from keywords.traceability.rows import NIGHTLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keywords.traceability.register.requirements import Register, Requirement
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

STATUSES = ("FAILING", "UNCOVERED", "PARTIAL", "NOT_RUN", "PASSING")
"""Of a requirement, worst first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement and what is known of it.

    Attributes:
        requirement: the requirement.
        status: one of `STATUSES`.
        reason: why it has that status, in a sentence; empty if it passes.
        by_kind: for each kind that it needs, the results of its rows; rows that prove none of these follow under
            their own kinds.
    """

    requirement: Requirement
    status: str
    reason: str
    by_kind: Mapping[str, tuple[Result, ...]]

    @property
    def results(self) -> tuple[Result, ...]:
        """Each of its rows once."""
        return tuple(dict.fromkeys(result for results in self.by_kind.values() for result in results))


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole picture of one run.

    Attributes:
        register: what has to hold.
        run: what was executed.
        lines: one for each requirement, worst status first, then by falling risk.
        results: one for each row, those that were not run included, in the order of the suites.
    """

    register: Register
    run: Run
    lines: tuple[Line, ...]
    results: tuple[Result, ...]

    @property
    def requirement_counts(self) -> dict[str, int]:
        """Requirements by status, worst first, zeros included."""
        counts = Counter(line.status for line in self.lines)
        return {status: counts[status] for status in STATUSES}

    @property
    def row_counts(self) -> dict[str, int]:
        """Rows by result, zeros included."""
        counts = Counter(result.status for result in self.results)
        return {status: counts[status] for status in ("FAIL", "SKIP", NOT_RUN, "PASS")}


def build(register: Register, run: Run, rows: Iterable[Row] = ()) -> Matrix:
    """Join them.

    Args:
        register: what has to hold.
        run: what was executed.
        rows: all rows that exist; those without a result in the run are shown as not run.
    """
    executed = {result.row.stable_id for result in run.results}
    left_out = [
        Result(row, NOT_RUN, f"left out of this run{' (nightly)' if NIGHTLY in row.tags else ''}")
        for row in rows
        if row.stable_id not in executed
    ]
    results = (*run.results, *left_out)
    lines = [_line(requirement, results) for requirement in register.requirements.values()]
    lines.sort(key=lambda line: (STATUSES.index(line.status), -line.requirement.score, line.requirement.id))
    return Matrix(register, run, tuple(lines), results)


def _line(requirement: Requirement, results: Iterable[Result]) -> Line:
    mine = [result for result in results if requirement.id in result.row.requirements]
    besides = [result.row.kinds for result in mine if not set(result.row.kinds) & set(requirement.needs)]
    kinds = dict.fromkeys((*requirement.needs, *(kind for kinds in besides for kind in kinds)))
    by_kind = {kind: tuple(result for result in mine if kind in result.row.kinds) for kind in kinds}
    return Line(requirement, *_verdict(requirement, mine, by_kind), by_kind)


def _verdict(
    requirement: Requirement, mine: list[Result], by_kind: Mapping[str, tuple[Result, ...]]
) -> tuple[str, str]:
    if failed := sum(result.status == "FAIL" for result in mine):
        return "FAILING", f"{failed} of {_rows(len(mine))} failed"
    if not mine:
        return "UNCOVERED", "no row proves it"
    if not any(result.status == "PASS" for result in mine):
        reasons = dict.fromkeys(result.message.rstrip(".") for result in mine if result.message)
        return "NOT_RUN", "; ".join(reasons) or "none of its rows ran"
    missing = [kind for kind in requirement.needs if not by_kind[kind]]
    missed = sum(bool(result.not_reached) for result in mine)
    idle = [k for k in requirement.needs if by_kind[k] and not any(r.status == "PASS" for r in by_kind[k])]
    parts = [f"no row of kind {kind}" for kind in missing] + [f"no row of kind {kind} ran" for kind in idle]
    parts += [f"{missed} of {_rows(len(mine))} did not run"] if missed else []
    return ("PARTIAL", "; ".join(parts)) if parts else ("PASSING", "")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
