"""The verdict on a release: GO, NO-GO, or NO VERDICT where the evidence cannot carry one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keywords.traceability.results import NOT_RUN
from keywords.traceability.rows import NIGHTLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.traceability.decision.criteria import Judged
    from keywords.traceability.matrix.table import Matrix

Verdict = Literal["GO", "NO-GO", "NO VERDICT"]
EXIT_CODES: dict[Verdict, int] = {"GO": 0, "NO-GO": 1, "NO VERDICT": 2}
HIGH_RISK = 12
"""Score from which a requirement without a decision leaves the release without a verdict."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on a release.

    Attributes:
        verdict: one of the three.
        reasons: why, in sentences, the heaviest first.
        criteria: the exit criteria: not met, not to be judged, met.
        build: what is to be shipped: the commit; empty if unknown.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    criteria: tuple[Judged, ...]
    build: str


def decide(matrix: Matrix, criteria: Sequence[Judged], build: str) -> Decision:
    """Decide.

    Evidence that is not of this build, or of no valid run, gives no verdict whatever it says; else one failed criterion
    is a NO-GO, also where rows are missing; and without one, all that is missing leaves it without a verdict.

    Args:
        matrix: the requirements with their statuses.
        criteria: the exit criteria, judged.
        build: the commit of the project now; empty if unknown.
    """
    ordered = tuple(sorted(criteria, key=lambda one: (one.met is not False, one.met is not None)))
    if invalid := _invalid(matrix, build):
        return Decision("NO VERDICT", tuple(invalid), ordered, build)
    if failed := [f"{one.id}: {one.title}: {one.figure}" for one in ordered if one.met is False]:
        return Decision("NO-GO", tuple(failed), ordered, build)
    open_ = [f"{one.id} cannot be judged: {one.title}: {one.figure}" for one in ordered if one.met is None]
    if missing := _missing(matrix) + open_:
        return Decision("NO VERDICT", tuple(missing), ordered, build)
    return Decision("GO", (f"All {len(ordered)} exit criteria are met",), ordered, build)


def _invalid(matrix: Matrix, build: str) -> list[str]:
    """Why the run says nothing about this build."""
    run = matrix.run
    reasons = [f"The run is not valid: {run.interruption}"] if run.interruption else []
    if not reasons and run.idleness:
        reasons.append(f"The run proves nothing: {run.idleness}")
    reasons += [f"The run did not end well: {fault}" for fault in run.afterwards]
    tested = run.metadata.get("Commit", "")
    if build and tested and tested != build:
        reasons.append(f"The evidence is older than the build: it is of {tested}, and the build is {build}")
    if not matrix.register.criteria:
        reasons.append(f"There are no exit criteria: write criteria.yaml beside {matrix.register.path}")
    return reasons


def _missing(matrix: Matrix) -> list[str]:
    """What the evidence lacks for a GO."""
    reasons = []
    left_out = [result for result in matrix.results if result.status == NOT_RUN]
    if left_out:
        nightly = sum(NIGHTLY in result.row.tags for result in left_out)
        told = f", {nightly} of them nightly: `qa run suites` runs all, `qa merge` joins runs" if nightly else ""
        reasons.append(f"{_count(len(left_out), 'row')} did not run{told}")
    if matrix.skips.unexpected:
        reasons.append(f"{_count(len(matrix.skips.unexpected), 'row')} skipped, and no missing need explains it")
    unclear = [
        line.requirement.id
        for line in matrix.lines
        if line.status == "INCONCLUSIVE" and line.requirement.score >= HIGH_RISK
    ]
    if unclear:
        reasons.append(f"{_count(len(unclear), 'requirement')} of high risk inconclusive: {', '.join(unclear[:5])}")
    return reasons


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
