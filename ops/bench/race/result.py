"""All that a race found, and its form as JSON."""

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
"""The name under which the laps without a gateway stand."""


@dataclass(slots=True)
class Soak:
    """One contender under load for long.

    Attributes:
        requests: how many it had answered at each look.
        rss_mb: its resident memory then, in 10^6 bytes.
        per_100k_mb: how much that grew per 100,000 requests, over the second half of the looks: before, caches and
            queues fill up to their bounds.
    """

    requests: list[int]
    rss_mb: list[float]
    per_100k_mb: Estimate


@dataclass(slots=True)
class Race:
    """What was found so far.

    Attributes:
        machine: where and when, versions, options.
        about: what each contender is.
        skipped: contenders and parts that are missing, with the reason.
        starts_s: seconds of each cold start, by contender.
        rounds: of each round, each contender's lap; `DIRECT` is without a gateway.
        soak: of this gateway.
        complete: whether it ran to its end.
    """

    machine: dict[str, Any] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    starts_s: dict[str, list[float]] = field(default_factory=dict)
    rounds: list[dict[str, Lap]] = field(default_factory=list)
    soak: Soak | None = None
    complete: bool = False

    def of(self, contender: str, figure: str) -> Estimate | None:
        """A figure's mean over the rounds that have it; None if none has."""
        found = [laps[contender][figure] for laps in self.rounds if figure in laps.get(contender, {})]
        return mean_interval(found) if found else None

    def ratio(self, figure: Figure, to: Figure) -> Estimate | None:
        """One figure divided by another, over the rounds that have both; None if none has."""
        # In a round where the other one got no answer through, there is nothing to divide by.
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
        """Contenders with at least one lap, the direct one first."""
        return list(dict.fromkeys(name for laps in self.rounds for name in laps))


def save(race: Race, path: Path, targets: list[dict[str, Any]]) -> None:
    """Write everything as JSON, the targets with their verdicts too."""
    path.write_text(json.dumps({**asdict(race), "targets": targets}, indent=1) + "\n", "utf-8")
