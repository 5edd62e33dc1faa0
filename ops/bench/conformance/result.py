"""Results of the conformance runs: the marks of each tool, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.load.cases.play import CASES
from ops.bench.referee.tools import OURS

if TYPE_CHECKING:
    from ops.bench.conformance.facts import Mark
    from ops.bench.conformance.playing import Judged


@dataclass(slots=True)
class Outcome:
    """A tool's runs of a case.

    Attributes:
        runs: that the mark is for.
        others: the same with another option; they do not count.
        error: why there is no mark; empty if there is one.
    """

    runs: list[Judged] = field(default_factory=list)
    others: list[Judged] = field(default_factory=list)
    error: str = ""

    @property
    def mark(self) -> Mark | None:
        """Wrong if one run is; not reported if one is not; else right. None if a run failed or there was none."""
        if self.error or not self.runs:
            return None
        found = {each.mark for each in self.runs}
        return "wrong" if "wrong" in found else "not reported" if "not reported" in found else "right"


@dataclass(slots=True)
class Conformance:
    """All results so far.

    Attributes:
        machine: machine, date and options.
        versions: the version of each tool, in the order of the table.
        skipped: tools that are missing, with the reason.
        outcomes: by case and tool.
        complete: whether it ran to its end.
    """

    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    complete: bool = False

    def mark(self, case: str, tool: str) -> Mark | None:
        """A tool's mark of a case; None without one."""
        outcome = self.outcomes.get(case, {}).get(tool)
        return None if outcome is None else outcome.mark

    def count(self, tool: str, mark: Mark) -> int:
        """Number of cases of which a tool has a mark."""
        return sum(self.mark(case, tool) == mark for case in self.outcomes)


def exit_code(results: Conformance) -> int:
    """0 if `qa load` is right on all cases, 1 if it is not on one, 2 if it was not measured on one."""
    found = {results.mark(case, OURS) for case in CASES}
    if found - {None, "right"}:
        return 1
    return 2 if None in found or not results.complete else 0
