"""What a run of the suites found out about a server with a defect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from keywords.traceability.results import NOT_RUN

if TYPE_CHECKING:
    from keywords.engine.defects.defect import Defect
    from keywords.traceability.results import Result, Run

INCONCLUSIVE = "INCONCLUSIVE:"
"""Beginning of the message of a row that the machine's load kept from a verdict."""
MISSED_AT_MOST = 2
"""How many defects the catalogue may declare as missed."""


class Outcome(Enum):
    """How a defect fared; the value is the word of the table."""

    FOUND = "found"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    WRONG_REQUIREMENT = "found by the wrong requirement"
    DECLARED_MISS = "missed, as declared"
    FOUND_THOUGH_DECLARED = "found, though declared as missed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first failed row of a run.

    Attributes:
        row: its full name; for a run that did not start, that and the reason.
        requirements: its requirements; empty for a run that did not start.
        message: why it failed.
        seconds: from the start of the run to its end.
    """

    row: str
    requirements: tuple[str, ...]
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a defect fared.

    Attributes:
        defect: the defect.
        outcome: whether it was found.
        finding: the first failed row; None if all rows passed.
        note: why there is none, or what was wrong; may be empty.
    """

    defect: Defect
    outcome: Outcome
    finding: Finding | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts the catalogue."""
        return self.outcome in {Outcome.FOUND, Outcome.DECLARED_MISS, Outcome.INCONCLUSIVE}


def judge(defect: Defect, run: Run) -> Verdict:
    """Judge a run before a server with a defect.

    The defect is found if the first failed row carries one of its requirements, or if the run did not start for the
    reason that the defect declares. If none failed, and one of those rows could not tell, nothing is said.
    """
    finding = first_failure(run)
    if finding is None and (reason := _inconclusive(defect, run)):
        return Verdict(defect, Outcome.INCONCLUSIVE, note=reason)
    if finding is None:
        outcome = Outcome.DECLARED_MISS if defect.missed else Outcome.MISSED
        return Verdict(defect, outcome, note=defect.missed or "every row passed or was skipped")
    if defect.missed:
        return Verdict(defect, Outcome.FOUND_THOUGH_DECLARED, finding, "remove its reason from the catalogue")
    if finding.requirements:
        fits = bool(set(finding.requirements) & set(defect.requirements))
    else:
        fits = bool(defect.stops_run) and defect.stops_run in finding.message
    if fits:
        return Verdict(defect, Outcome.FOUND, finding)
    expected = ", ".join(defect.requirements) or f"a run that does not start: {defect.stops_run}"
    return Verdict(defect, Outcome.WRONG_REQUIREMENT, finding, f"expected {expected}")


def first_failure(run: Run) -> Finding | None:
    """The first row that failed, or why the run or a suite did not start; None if nothing failed."""
    for result in run.results:
        if result.status == NOT_RUN and result.message.startswith("Parent suite setup failed:"):
            stopped = run.interruption.startswith("the run did not start")
            row = run.interruption if stopped else f"{result.row.suite} did not start"
            requirements = () if stopped else result.row.requirements
            return Finding(row, requirements, result.message, run.elapsed_s)
        if result.status == "FAIL":
            row = result.row.full_name.partition(".")[2]
            return Finding(row, result.row.requirements, result.message, _seconds(run, result))
    if run.afterwards:
        return Finding("the end of a suite", (), "\n".join(run.afterwards), run.elapsed_s)
    return None


def _inconclusive(defect: Defect, run: Run) -> str:
    """Why a row that should have found the defect gave no verdict; empty if each one gave it."""
    for result in run.results:
        if result.message.startswith(INCONCLUSIVE) and set(result.row.requirements) & set(defect.requirements):
            return f"{result.row.name}: {result.message}"
    return ""


def _seconds(run: Run, result: Result) -> float:
    began = datetime.fromisoformat(result.started) - datetime.fromisoformat(run.started)
    return began.total_seconds() + result.elapsed_s
