"""Matrix of a run: the status of each requirement, and the reason for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.traceability.results import NOT_RUN, Result
from keywords.traceability.rows import NIGHTLY
from keywords.traceability.skips import Skips, sort_skips

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keywords.traceability.register.register import Register
    from keywords.traceability.register.requirements import Requirement
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

ROW_STATUSES = ("FAIL", "SKIP", NOT_RUN, "PASS")
"""Statuses of a row, worst first."""
STATUSES = ("FAILING", "UNCOVERED", "PARTIAL", "NOT_RUN", "PASSING")
"""Statuses of a requirement, worst first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement with its status.

    Attributes:
        requirement: the requirement.
        status: one of `STATUSES`.
        reason: the reason for the status, in a sentence; empty if it passes.
        by_kind: results of its rows by kind: first the kinds that it needs, then the kinds of rows that prove none of
            these.
    """

    requirement: Requirement
    status: str
    reason: str
    by_kind: Mapping[str, tuple[Result, ...]]

    @property
    def results(self) -> tuple[Result, ...]:
        """The results of its rows, each row once."""
        return tuple(dict.fromkeys(result for results in self.by_kind.values() for result in results))

    @property
    def row_counts(self) -> dict[str, int]:
        """The numbers of its rows by status, worst first, zeros included."""
        return _by_status(self.results)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All requirements and rows of one run.

    Attributes:
        register: the register.
        run: the run.
        lines: one for each requirement, worst status first, then by falling risk.
        results: one for each row, rows that were not run included, in the order of the suites.
        skips: the run's skipped rows, sorted by what they mean.
    """

    register: Register
    run: Run
    lines: tuple[Line, ...]
    results: tuple[Result, ...]
    skips: Skips

    @property
    def requirement_counts(self) -> dict[str, int]:
        """The numbers of requirements by status, worst first, zeros included."""
        counts = Counter(line.status for line in self.lines)
        return {status: counts[status] for status in STATUSES}

    @property
    def row_counts(self) -> dict[str, int]:
        """The numbers of rows by status, worst first, zeros included."""
        return _by_status(self.results)


def build(register: Register, run: Run, rows: Iterable[Row] = ()) -> Matrix:
    """Build the matrix of a run.

    Args:
        register: the register.
        run: the run.
        rows: all rows of the suites; rows without a result in the run are shown as not run.
    """
    executed = {result.row.stable_id for result in run.results}
    left_out = [
        Result(row, NOT_RUN, f"left out of this run{' (nightly)' if NIGHTLY in row.tags else ''}")
        for row in rows
        if row.stable_id not in executed
    ]
    results = (*run.results, *left_out)
    skips = sort_skips(run)
    lines = [_line(requirement, results, skips) for requirement in register.requirements.values()]
    lines.sort(key=lambda line: (STATUSES.index(line.status), -line.requirement.score, line.requirement.id))
    return Matrix(register, run, tuple(lines), results, skips)


def _line(requirement: Requirement, results: Iterable[Result], skips: Skips) -> Line:
    own_results = [result for result in results if requirement.id in result.row.requirements]
    other_kinds = [result.row.kinds for result in own_results if not set(result.row.kinds) & set(requirement.needs)]
    kinds = dict.fromkeys((*requirement.needs, *(kind for kinds in other_kinds for kind in kinds)))
    by_kind = {kind: tuple(result for result in own_results if kind in result.row.kinds) for kind in kinds}
    return Line(requirement, *_verdict(requirement, own_results, by_kind, skips), by_kind)


def _verdict(
    requirement: Requirement, own_results: list[Result], by_kind: Mapping[str, tuple[Result, ...]], skips: Skips
) -> tuple[str, str]:
    if failed := sum(result.status == "FAIL" for result in own_results):
        return "FAILING", f"{failed} of {_rows(len(own_results))} failed"
    if not own_results:
        return "UNCOVERED", "no row proves it"
    if not any(result.status == "PASS" for result in own_results):
        needs = {result: f"needs {needs}" for needs, results in skips.expected.items() for result in results}
        reasons = dict.fromkeys(needs.get(result, result.message.rstrip(".")) for result in own_results)
        return "NOT_RUN", "; ".join(filter(None, reasons)) or "none of its rows ran"
    missing = [kind for kind in requirement.needs if not by_kind[kind]]
    idle = [k for k in requirement.needs if by_kind[k] and not any(r.status == "PASS" for r in by_kind[k])]
    parts = [f"no row of kind {kind}" for kind in missing] + [f"no row of kind {kind} ran" for kind in idle]
    gaps = {
        "did not run": [result for result in own_results if result.not_reached],
        "skipped unexpectedly": [result for result in own_results if result in skips.unexpected],
        "inconclusive": [result for result in own_results if result in skips.inconclusive],
        # What failed before it passed is not proven by the better of the two.
        "passed only when executed again": [
            result for result in own_results if result.status == "PASS" and "FAIL" in result.replaced
        ],
    }
    parts += [f"{len(found)} of {_rows(len(own_results))} {what}" for what, found in gaps.items() if found]
    return ("PARTIAL", "; ".join(parts)) if parts else ("PASSING", "")


def _by_status(results: Iterable[Result]) -> dict[str, int]:
    counts = Counter(result.status for result in results)
    return {status: counts[status] for status in ROW_STATUSES}


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
