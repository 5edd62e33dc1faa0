"""Results of the referee's comparison, their targets, and their JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.statistics.comparison import paired_geometric_ratio
from keywords.engine.statistics.intervals import mean_interval
from ops.bench.referee.tools import AIPERF, LOCUST, OURS, READER
from ops.bench.verdict import Sense, Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keywords.engine.statistics.intervals import Estimate

USERS = 100
"""Streams at the same time at the level that the targets name; each has 50 chunks a second."""
SWEEP = (1, 10, 20, 50, 100, 200)
OWN_ERROR_MS = 0.3
"""Beyond this error of its own reader, the referee cannot judge others."""
KNEE_ERROR_MS, KNEE_ACHIEVED, KNEE_CORE = 1.0, 0.99, 0.85
PEERS = (AIPERF, LOCUST)
COSTS = ("cpu_us_per_chunk", "cpu_us_per_request")
HOPELESS = 2.0
"""A round's doubt about a cost is a fifth of it; AIPerf takes six times as much as Locust for a chunk."""
Figures = dict[str, float]


@dataclass(slots=True)
class Comparison:
    """The results so far.

    Attributes:
        machine: machine, date, versions and options.
        skipped: missing tools and laps, with the reason.
        versions: version of each tool.
        rounds: figures of each tool at `USERS` users, by round.
        costs: what a chunk and a request cost each tool, by round; all tools are in the first, see `rivals`.
        sweep: figures of each tool by its number of users.
        complete: whether it ran to its end.
    """

    machine: dict[str, Any] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    rounds: list[dict[str, Figures]] = field(default_factory=list)
    costs: list[dict[str, Figures]] = field(default_factory=list)
    sweep: dict[str, dict[int, Figures]] = field(default_factory=dict)
    complete: bool = False

    def names(self) -> list[str]:
        """The tools with a lap, in the order of their first."""
        return list(dict.fromkeys(name for figures in (*self.rounds, *self.costs) for name in figures))

    def mean(self, tool: str, figure: str) -> Estimate | None:
        """A figure's mean over the rounds that have it; None if none has."""
        rounds = (*self.rounds, *self.costs)
        values = [figures[tool][figure] for figures in rounds if figure in figures.get(tool, {})]
        return mean_interval(values) if values else None

    def rivals(self) -> set[str]:
        """The tools whose costs are measured again: ours, and each peer that may be the best one by what is known.

        One that takes more than `HOPELESS` times as much as another, for a chunk and for a request, is not.
        """
        rivals = {OURS}
        for figure in COSTS:
            costs = {peer: mean.mean for peer in PEERS if (mean := self.mean(peer, figure)) is not None}
            rivals |= {peer for peer, cost in costs.items() if cost <= HOPELESS * min(costs.values())}
        return rivals

    def ratio_to_best(self, figure: str) -> Estimate | None:
        """Our figure over that of the best peer, from the rounds that have both; None if a peer was never measured.

        The best one is that with the smallest mean. The smallest of each round would be now this peer, now that one:
        a better peer than there is, and a doubt that is none of ours.
        """
        means = {peer: mean.mean for peer in PEERS if (mean := self.mean(peer, figure)) is not None}
        if len(means) < len(PEERS):
            return None
        best = min(means, key=means.__getitem__)
        found = [(figures.get(OURS, {}), figures.get(best, {})) for figures in self.costs]
        pairs = [(ours[figure], theirs[figure]) for ours, theirs in found if figure in ours and figure in theirs]
        return paired_geometric_ratio(pairs) if pairs else None

    def is_valid(self) -> bool:
        """Whether the referee judged itself, and erred by no more than `OWN_ERROR_MS`."""
        own = [self.mean(READER, figure) for figure in ("ttft_error_p99_ms", "gap_error_p99_ms")]
        return all(error is not None and error.mean <= OWN_ERROR_MS for error in own)

    def knee(self, tool: str) -> int | None:
        """The fewest users at which a tool is no longer fit; None if it is up to the last.

        It errs by more than 1 ms, achieves less than 99 %, has a core that is busy for more than 85 %, or calls its own
        run INVALID, as `qa load` does of a late event loop. An error with too few values for a p99 is passed over.
        """
        for users, figures in sorted(self.sweep.get(tool, {}).items()):
            errors = [figures.get(name, 0.0) for name in ("ttft_error_p99_ms", "gap_error_p99_ms")]
            if (
                max(errors) > KNEE_ERROR_MS
                or figures["achieved"] < KNEE_ACHIEVED
                or figures.get("core_share", 0.0) > KNEE_CORE
                or figures.get("refused", 0.0)
            ):
                return users
        return None


@dataclass(frozen=True, slots=True)
class Target:
    """A target: what, its limit, on which side it is met, and the figure."""

    what: str
    bound: float
    sense: Sense
    measured: Callable[[Comparison], Estimate | None]

    def verdict(self, comparison: Comparison) -> Verdict:
        """The verdict on the figure."""
        return verdict(self.measured(comparison), self.bound, self.sense)


TARGETS = (
    Target(f"error of TTFT p99 at {USERS} streams, ms", 1.0, "<=", lambda found: found.mean(OURS, "ttft_error_p99_ms")),
    Target(f"error of a gap p99 at {USERS} streams, ms", 1.0, "<=", lambda found: found.mean(OURS, "gap_error_p99_ms")),
    Target("CPU per chunk, of the best peer's", 0.5, "<=", lambda found: found.ratio_to_best("cpu_us_per_chunk")),
    Target("CPU per request, of the best peer's", 0.5, "<=", lambda found: found.ratio_to_best("cpu_us_per_request")),
)


def exit_code(comparison: Comparison) -> int:
    """0 if all targets are met, 1 if one is missed, 2 if there is no verdict, 3 if one is unclear."""
    verdicts = {target.verdict(comparison) for target in TARGETS}
    if not comparison.is_valid() or "not measured" in verdicts:
        return 2
    return 1 if "no" in verdicts else 3 if "unclear" in verdicts else 0


def save(comparison: Comparison, path: Path) -> None:
    """Write the results and the verdicts as JSON."""
    targets = [
        {
            "what": target.what,
            "target": target.bound,
            "sense": target.sense,
            "measured": asdict(estimate) if (estimate := target.measured(comparison)) else None,
            "met": target.verdict(comparison),
        }
        for target in TARGETS
    ]
    content = {**asdict(comparison), "valid": comparison.is_valid(), "targets": targets}
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
