"""The results of a race, and their JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.statistics.comparison import paired_difference, paired_ratio
from keywords.engine.statistics.intervals import Estimate, mean_interval

if TYPE_CHECKING:
    from pathlib import Path

    from ops.bench.race.laps import Lap

Figure = tuple[str, str]
"""A contender and the name of one of its figures."""
DIRECT = "direct"
"""The name of the laps without a gateway."""


@dataclass(slots=True)
class Soak:
    """One contender's memory under long load.

    Attributes:
        requests: number of answered requests at each sample.
        rss_mb: resident memory at each sample, in 10^6 bytes.
        per_100k_mb: growth per 100,000 requests over the second half of the samples; in the first half, caches and
            queues fill up to their bounds.
    """

    requests: list[int]
    rss_mb: list[float]
    per_100k_mb: Estimate


@dataclass(slots=True)
class Race:
    """The results so far.

    Attributes:
        machine: machine, date, versions and options.
        about: description of each contender.
        skipped: missing contenders and parts, with the reason.
        starts_s: seconds of each cold start, by contender.
        rounds: each contender's lap, by round; `DIRECT` is without a gateway.
        soak: this gateway's memory under long load.
        complete: whether the race ran to its end.
    """

    machine: dict[str, Any] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    starts_s: dict[str, list[float]] = field(default_factory=dict)
    rounds: list[dict[str, Lap]] = field(default_factory=list)
    soak: Soak | None = None
    complete: bool = False

    def mean(self, contender: str, figure: str) -> Estimate | None:
        """A figure's mean over the rounds that have it; None if none has."""
        values = [laps[contender][figure] for laps in self.rounds if figure in laps.get(contender, {})]
        return mean_interval(values) if values else None

    def ratio(self, figure: Figure, to: Figure) -> Estimate | None:
        """One figure divided by another, over the rounds that have both; None if none has."""
        # Rounds in which the divisor is zero are left out.
        pairs = [(one, other) for one, other in self._pairs(figure, to) if other]
        return paired_ratio(pairs) if pairs else None

    def difference(self, figure: Figure, less: Figure) -> Estimate | None:
        """One figure less another, over the rounds that have both; None if none has."""
        pairs = self._pairs(figure, less)
        return paired_difference(pairs) if pairs else None

    def _pairs(self, one: Figure, other: Figure) -> list[tuple[float, float]]:
        both = (one, other)
        return [
            (laps[one[0]][one[1]], laps[other[0]][other[1]])
            for laps in self.rounds
            if all(figure in laps.get(contender, {}) for contender, figure in both)
        ]

    def names(self) -> list[str]:
        """The contenders with at least one lap, `DIRECT` first."""
        return list(dict.fromkeys(name for laps in self.rounds for name in laps))


def save(race: Race, path: Path, targets: list[dict[str, Any]]) -> None:
    """Write the results and the targets' verdicts as JSON."""
    path.write_text(json.dumps({**asdict(race), "targets": targets}, indent=1) + "\n", "utf-8")
