"""Matrix of a run: the status of each requirement, and the reason for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from keywords.traceability.matrix.row_labels import LABELS, label
from keywords.traceability.register.criteria import Age
from keywords.traceability.register.reviews import fingerprint
from keywords.traceability.results import NOT_RUN, Result
from keywords.traceability.rows import NIGHTLY
from keywords.traceability.skips import Skips, sort_skips

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from keywords.traceability.register.register import Register
    from keywords.traceability.register.requirements import Requirement
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

STATUSES = (
    *("FAILING", "SUSPECT", "UNCOVERED", "PARTIAL", "NOT_RUN", "STALE", "INCONCLUSIVE", "KNOWN_BUG", "FLAKY"),
    "PASSING",
)
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
        """The numbers of its rows by label, worst first, zeros included."""
        return _by_label(self.results)


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
        """The numbers of rows by label, worst first, zeros included."""
        return _by_label(self.results)


def build(register: Register, run: Run, rows: Iterable[Row] = (), *, now: datetime | None = None) -> Matrix:
    """Build the matrix of a run.

    Args:
        register: the register.
        run: the run.
        rows: all rows of the suites; rows without a result in the run are shown as not run.
        now: the local time, for the age of results; that of this moment if left out.
    """
    executed = {result.row.stable_id for result in run.results}
    left_out = [
        Result(row, NOT_RUN, f"left out of this run{' (nightly)' if NIGHTLY in row.tags else ''}")
        for row in rows
        if row.stable_id not in executed
    ]
    oldest = _oldest(register, now or datetime.now())  # noqa: DTZ005  # Robot's times are local
    results = tuple(
        replace(result, stale=f"it ran on {result.started[:10]}")
        if not result.stale and result.started and result.started < oldest
        else result
        for result in (*run.results, *left_out)
    )
    run = replace(run, results=results[: len(run.results)])
    skips = sort_skips(run)
    of_requirement: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        for id_ in result.row.requirements:
            of_requirement[id_].append(result)
    sets = _Sets(frozenset(skips.unexpected), frozenset(skips.inconclusive), frozenset(skips.known), skips)
    lines = [
        _line(requirement, of_requirement[requirement.id], sets, register.reviews.get(requirement.id, {}))
        for requirement in register.requirements.values()
    ]
    lines.sort(key=lambda line: (STATUSES.index(line.status), -line.requirement.score, line.requirement.id))
    return Matrix(register, run, tuple(lines), results, skips)


def _oldest(register: Register, now: datetime) -> str:
    """The time in ISO 8601 before which a result is stale; empty if no exit criterion bounds the age."""
    days = [one.measure.at_most_days for one in register.criteria if isinstance(one.measure, Age)]
    return (now - timedelta(days=min(days))).isoformat() if days else ""


@dataclass(frozen=True, slots=True)
class _Sets:
    unexpected: frozenset[Result]
    inconclusive: frozenset[Result]
    known: frozenset[Result]
    skips: Skips

    def is_decided(self, result: Result) -> bool:
        """Whether a row that did not fail was tried at least."""
        return result.status == "PASS" or result in self.known or result in self.inconclusive


def _line(requirement: Requirement, own_results: list[Result], sets: _Sets, reviews: Mapping[str, str]) -> Line:
    other_kinds = [result.row.kinds for result in own_results if not set(result.row.kinds) & set(requirement.needs)]
    kinds = dict.fromkeys((*requirement.needs, *(kind for kinds in other_kinds for kind in kinds)))
    by_kind = {kind: tuple(result for result in own_results if kind in result.row.kinds) for kind in kinds}
    return Line(requirement, *_verdict(requirement, own_results, by_kind, sets, reviews), by_kind)


def _verdict(
    requirement: Requirement,
    own_results: list[Result],
    by_kind: Mapping[str, tuple[Result, ...]],
    sets: _Sets,
    reviews: Mapping[str, str],
) -> tuple[str, str]:
    """The status of a requirement, and the reason for it: the worst that holds."""
    if not own_results:
        return "UNCOVERED", "no row proves it"
    reasons = _reasons(requirement, own_results, by_kind, sets, reviews)
    return next(((status, reason) for status, reason in reasons if reason), ("PASSING", ""))


def _reasons(
    requirement: Requirement,
    own_results: list[Result],
    by_kind: Mapping[str, tuple[Result, ...]],
    sets: _Sets,
    reviews: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """Each status but the best, worst first, and why it holds; empty if it does not."""

    def of(found: list[Result], what: str) -> str:
        return f"{len(found)} of {_rows(len(own_results))} {what}" if found else ""

    yield "FAILING", of([result for result in own_results if result.status == "FAIL"], "failed")
    today = fingerprint(requirement)
    suspect = [one for one in own_results if reviews.get(one.row.name, today) != today]
    yield "SUSPECT", of(suspect, f"reviewed with an earlier text; read both, then `qa review {requirement.id}`")
    yield "PARTIAL", "; ".join(f"no row of kind {kind}" for kind in requirement.needs if not by_kind[kind])
    if not any(sets.is_decided(result) for result in own_results):
        needs = {result: f"needs {needs}" for needs, results in sets.skips.expected.items() for result in results}
        reasons = dict.fromkeys(needs.get(result, result.message.rstrip(".")) for result in own_results)
        yield "NOT_RUN", "; ".join(filter(None, reasons)) or "none of its rows ran"
    gaps = [f"no row of kind {k} ran" for k in requirement.needs if not any(map(sets.is_decided, by_kind[k]))]
    gaps.append(of([result for result in own_results if result.not_reached], "did not run"))
    gaps.append(of([result for result in own_results if result in sets.unexpected], "skipped unexpectedly"))
    yield "PARTIAL", "; ".join(filter(None, gaps))
    stale = [result for result in own_results if result.stale and sets.is_decided(result)]
    yield "STALE", of(stale, f"stale: {stale[0].stale}") if stale else ""
    yield "INCONCLUSIVE", of([result for result in own_results if result in sets.inconclusive], "inconclusive")
    known = [result for result in own_results if result in sets.known]
    yield "KNOWN_BUG", of(known, f"failed as known: {', '.join(sorted({result.known_as for result in known}))}")
    # What failed before it passed is not proven by the better of the two.
    yield "FLAKY", of([result for result in own_results if result.is_flaky], "passed only when executed again")


def _by_label(results: Iterable[Result]) -> dict[str, int]:
    counts = Counter(label(result) for result in results)
    return {name: counts[name] for name in LABELS}


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
