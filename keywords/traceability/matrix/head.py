"""The head of a matrix: the verdict, whether the exit criteria are met, and what a reader must know beside them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keywords.traceability.results import NOT_RUN

if TYPE_CHECKING:
    from keywords.traceability.matrix.table import Line, Matrix

HIGH_LEVELS = ("high", "critical")
"""Levels of risk whose requirements must be proven before a release; the test plan says so."""


def verdict(matrix: Matrix) -> str:
    """The run's verdict in a sentence."""
    counts = matrix.requirement_counts
    total = len(matrix.lines)
    stopped = matrix.run.interruption or matrix.run.idleness
    afterwards = "; ".join(matrix.run.afterwards)
    if failing := counts["FAILING"]:
        return f"{failing} of {total} requirements {'fails' if failing == 1 else 'fail'}" + "".join(
            f"; {more}" for more in (stopped, afterwards) if more
        )
    if stopped:
        return f"No verdict: {stopped}"
    if afterwards:
        return f"No requirement fails, but the run did not end well: {afterwards}"
    if open_ := sum(count for status, count in counts.items() if status not in {"FAILING", "NOT_RUN", "PASSING"}):
        return f"Nothing fails; {open_} of {total} requirements {'is' if open_ == 1 else 'are'} not fully proven"
    if idle := counts["NOT_RUN"]:
        return f"Whatever ran holds; {idle} of {total} requirements could not be tried here"
    return f"All {total} requirements hold"


def exit_criteria(matrix: Matrix) -> str:
    """Whether every requirement of a high or critical risk is proven, and what keeps the others from it."""
    if matrix.run.merged:
        return f"Exit criteria not judged: they need one run, and this output is {matrix.run.merged}"
    high = [line for line in matrix.lines if line.requirement.level in HIGH_LEVELS]
    unproven = [line for line in high if line.status != "PASSING"]
    if not high:
        return "No requirement has a high risk"
    if not unproven:
        are = "is" if len(high) == 1 else "are all"
        return f"Exit criteria met as to risk: {_count(len(high), 'high-risk requirement')} {are} proven"
    causes = Counter(_cause(line, matrix) for line in unproven)
    texts = [f"{count} {singular if count == 1 else plural}" for (singular, plural), count in causes.most_common()]
    of = f"{len(unproven)} of {_count(len(high), 'high-risk requirement')}"
    return f"Exit criteria not met: {of} {'is' if len(unproven) == 1 else 'are'} unproven ({', '.join(texts)})"


def _cause(line: Line, matrix: Matrix) -> tuple[str, str]:
    """Why a requirement is unproven, after a number of one and after a greater one."""
    skips, results = matrix.skips, set(line.results)
    causes = [
        ("fails", "fail", line.status == "FAILING"),
        ("has no row", "have no row", line.status == "UNCOVERED"),
        ("is suspect", "are suspect", line.status == "SUSPECT"),
        ("skipped unexpectedly", "skipped unexpectedly", results & set(skips.unexpected)),
        ("inconclusive", "inconclusive", results & set(skips.inconclusive)),
        ("declined by the server", "declined by the server", results & set(skips.declined)),
        ("known as a bug", "known as bugs", results & set(skips.known)),
        ("stale", "stale", line.status == "STALE"),
        ("flaky", "flaky", line.status == "FLAKY"),
        ("not reached", "not reached", any(result.not_reached for result in results)),
        *((f"needs {needs}", f"need {needs}", results & set(rows)) for needs, rows in skips.expected.items()),
        ("left out of this run", "left out of this run", any(result.status == NOT_RUN for result in results)),
        ("lacks a kind of row", "lack a kind of row", True),
    ]
    return next((singular, plural) for singular, plural, holds in causes if holds)


def notes(matrix: Matrix) -> list[str]:
    """What a reader must know beside the verdict; what was not to be expected comes first."""
    run, skips = matrix.run, matrix.skips
    found = [f"This output is not of one run: {run.merged}"] if run.merged else []
    found += [f"Joined from {_count(len(run.joined), 'run')}"] if run.joined else []
    found += [_count(len(run.errors), "error") + " in Robot's log"] if run.errors else []
    found += [_count(len(skips.unexpected), "unexpected skip")] if skips.unexpected else []
    found += [_count(len(skips.inconclusive), "inconclusive row")] if skips.inconclusive else []
    found += [_count(len(skips.known), "row") + " failed as known bugs say"] if skips.known else []
    found += [_count(len(skips.declined), "row") + " declined by the server"] if skips.declined else []
    return found + [
        f"{_count(len(results), 'row')} skipped, as expected without {needs}"
        for needs, results in skips.expected.items()
    ]


def summary(matrix: Matrix) -> str:
    """The numbers of a matrix in one line."""
    requirements = _numbers(matrix.requirement_counts)
    rows = _numbers(matrix.row_counts)
    return f"{len(matrix.lines)} requirements: {requirements}; {len(matrix.results)} rows: {rows}"


def _numbers(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.lower().replace('_', ' ')}" for name, count in counts.items() if count)


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
