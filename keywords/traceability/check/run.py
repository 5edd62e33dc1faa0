"""Gaps of a run: rows that it lacks, skips that nothing explains, evidence that is not there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keywords.traceability.evidence.search import ended_as, find_pages
from keywords.traceability.rows import NIGHTLY
from keywords.traceability.skips import missing_needs, sort_skips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row


def run_findings(rows: Sequence[Row], run: Run) -> list[str]:
    """Rows that are missing in a whole run or that are not in the suites, and a run that did not end well."""
    if cause := run.interruption:
        # All other gaps of such a run follow from its interruption.
        return [f"{run.output} has no verdict: {cause}; remove the cause and run the suites again"]
    if not any(NIGHTLY in result.row.tags for result in run.results):
        # A regular run has no nightly rows; a nightly run must have all of them.
        rows = [row for row in rows if NIGHTLY not in row.tags]
    written = Counter(row.stable_id for row in rows)
    executed = Counter(result.row.stable_id for result in run.results)
    findings = [f"{run.output} did not end well: {fault}; remove the cause" for fault in run.afterwards]
    findings += [f"Robot logged an error in {run.output}: {error}; remove the cause" for error in run.errors]
    if run.merged:
        findings.append(f"{run.output} is not of one run: {run.merged}; check the output.xml of one whole run")
    findings += [f"row '{r.full_name}' was not executed in {run.output}" for r in rows if not executed[r.stable_id]]
    findings += [
        f"row '{r.row.full_name}' was executed but is not in the suites; was {run.output} made from other suites?"
        for r in run.results
        if not written[r.row.stable_id]
    ]
    if len(rows) != len(run.results):
        findings.append(f"the suites hold {len(rows)} rows, but {len(run.results)} were executed in {run.output}")
    return findings


def skip_findings(run: Run) -> list[str]:
    """Rows that were skipped though nothing that they need was missing, and failures that became skips."""
    if run.interruption:
        return []
    unexpected = [
        f"row '{result.row.full_name}' was skipped, and nothing that it needs was missing before the first row: "
        f"{result.message or 'no reason'}; let it run"
        for result in sort_skips(run).unexpected
    ]
    return unexpected + [
        f"row '{result.row.full_name}' failed, and Robot counts it as skipped; leave out --skiponfailure and the tag "
        f"robot:skip-on-failure"
        for result in run.results
        if result.is_softened
    ]


def evidence_findings(run: Run) -> list[str]:
    """Rows that left no evidence, lost it, or ended otherwise than it says."""
    if run.interruption:
        return []
    findings = []
    pages = find_pages(run)
    for result in run.results:
        if result.status == "SKIP":
            continue
        if result.evidence is None:
            findings.append(
                f"row '{result.row.full_name}' left no evidence; does suites/__init__.robot import the listener?"
            )
        elif result not in pages:
            findings.append(
                f"row '{result.row.full_name}' lost its evidence: {result.evidence} of {result.started or 'this run'} "
                f"is neither beside {run.output} nor in the folders around it"
            )
        elif result.status == "PASS" and (ended := ended_as(pages[result])) not in {"PASS", ""}:
            findings.append(
                f"row '{result.row.full_name}' ended as {ended}, and something changed it to PASS afterwards: see "
                f"{pages[result]}; leave out the listener that changes results"
            )
    return findings


def expected_skips(run: Run) -> list[str]:
    """The rows that machine or server kept from running, by need or by row; they do not fail the check."""
    missing, skips = missing_needs(run), sort_skips(run)
    by_need = [
        f"{'1 row needs' if len(results) == 1 else f'{len(results)} rows need'} {needs}: "
        f"{' '.join(missing[need] for need in needs.split(' and '))}"
        for needs, results in skips.expected.items()
    ]
    return by_need + [f"row '{result.row.full_name}': {' '.join(result.message.split())}" for result in skips.declined]


def inconclusive_rows(run: Run) -> list[str]:
    """Rows that the machine's load left without a verdict; they are no findings, but the check cannot pass either."""
    return [f"row '{result.row.full_name}' has no verdict: {result.message}" for result in sort_skips(run).inconclusive]
