"""Traceability check: gaps from requirement to row to evidence, one sentence each."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from keywords.traceability.rows import NIGHTLY, tag_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keywords.traceability.register.requirements import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row


def row_findings(register: Register, rows: Sequence[Row]) -> list[str]:
    """Rows with wrong tags, and rows that cannot be distinguished."""
    findings = [problem for row in rows for problem in tag_problems(row, register)]
    by_id = defaultdict(list)
    for row in rows:
        by_id[row.stable_id].append(row)
    for duplicates in by_id.values():
        if len(duplicates) > 1:
            suites = " and ".join(row.suite for row in duplicates)
            findings.append(
                f"row '{duplicates[0].name}' is there {len(duplicates)} times with the same tags ({suites}); rename one"
            )
    return findings


def coverage_findings(register: Register, rows: Iterable[Row]) -> list[str]:
    """Requirements without a row, or without a row of a kind that they need."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for id_ in row.requirements:
            kinds[id_].update(row.kinds)
    findings = []
    for requirement in register.requirements.values():
        what = f"requirement {requirement.id} ({requirement.title})"
        if requirement.id not in kinds:
            findings.append(f"{what} is uncovered: no row proves it; write one with tag req:{requirement.id}")
            continue
        findings += [
            f"{what} is partly covered: it needs kind {kind}; write a row with tags req:{requirement.id} kind:{kind}"
            for kind in requirement.needs
            if kind not in kinds[requirement.id]
        ]
    return findings


def run_findings(rows: Sequence[Row], run: Run) -> list[str]:
    """Rows that are missing in a whole run, that are not in the suites, or that left no evidence."""
    if cause := run.interruption:
        # All other gaps of such a run follow from its interruption.
        return [f"{run.output} has no verdict: {cause}; remove the cause and run the suites again"]
    if not any(NIGHTLY in result.row.tags for result in run.results):
        # A regular run has no nightly rows; a nightly run must have all of them.
        rows = [row for row in rows if NIGHTLY not in row.tags]
    written = Counter(row.stable_id for row in rows)
    executed = Counter(result.row.stable_id for result in run.results)
    findings = [f"{run.output} did not end well: {fault}; remove the cause" for fault in run.afterwards]
    findings += [f"row '{r.full_name}' was not executed in {run.output}" for r in rows if not executed[r.stable_id]]
    findings += [
        f"row '{r.row.full_name}' was executed but is not in the suites; was {run.output} made from other suites?"
        for r in run.results
        if not written[r.row.stable_id]
    ]
    if len(rows) != len(run.results):
        findings.append(f"the suites hold {len(rows)} rows, but {len(run.results)} were executed in {run.output}")
    for result in run.results:
        if result.status == "SKIP":
            continue
        if result.evidence is None:
            findings.append(
                f"row '{result.row.full_name}' left no evidence; does suites/__init__.robot import the listener?"
            )
        elif not (run.output.parent / result.evidence).is_file():
            findings.append(
                f"row '{result.row.full_name}' lost its evidence: {result.evidence} is not beside {run.output}"
            )
    return findings


def skip_warnings(run: Run) -> list[str]:
    """Skipped rows with their reasons; they do not fail the check."""
    return [f"row '{r.row.full_name}' was skipped: {r.message}" for r in run.results if r.status == "SKIP"]
