"""Draws: series as a user would measure them, taken from the pool, and what their comparisons say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.comparison.compare import compare
from keywords.engine.load.comparison.series import Series
from keywords.engine.statistics.intervals import wilson_of_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.comparison.series import SeriesRun
    from keywords.engine.load.comparison.verdicts import Verdict
    from ops.bench.honesty.pool import PoolRun, Server

_SHOWN_PAIRS = 2000
"""Pairs of draws whose shared runs are counted."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Comparisons of drawn series.

    Attributes:
        kind: `A/A` or `A/B`.
        rounds: of each series.
        verdicts: how often each came.
        shared: mean share of its runs that a draw has in common with another one, 0 to 1.
        disjoint: draws that the pool has without a common run.
    """

    kind: str
    rounds: int
    verdicts: Counter[Verdict]
    shared: float
    disjoint: int

    @property
    def count(self) -> int:
        """Number of draws."""
        return sum(self.verdicts.values())

    @property
    def effective(self) -> float:
        """Number of independent draws that are worth as much.

        Means of n runs, of which k are the same, correlate by k / n; so do their comparisons, at most. Source: the
        design effect, L. Kish, Survey Sampling (1965) 5.4.
        """
        return self.count / (1 + (self.count - 1) * self.shared)

    def share(self, *verdicts: Verdict) -> float:
        """How many of all draws ended so, 0 to 1."""
        return sum(self.verdicts[each] for each in verdicts) / self.count

    def interval(self, *verdicts: Verdict) -> tuple[float, float]:
        """Wilson's 95 % interval of that share, by the effective number of draws."""
        return wilson_of_rate(self.share(*verdicts), self.effective)


def draw(pool: Sequence[PoolRun], kind: str, rounds: int, count: int, seed: int = 0) -> Draws | None:
    """Draw series of so many rounds and compare each pair; None if the pool has too few blocks of valid runs.

    Each round comes from a block of its own: one run of each side, as `qa load --against` measures them.

    Args:
        pool: all of it.
        kind: `A/A` takes two runs of A in each round, the earlier one for either side in turn; `A/B` one of each.
        rounds: of each series.
        count: of draws.
        seed: of the draws.
    """
    blocks = _blocks(pool, kind)
    if len(blocks) < rounds:
        return None
    random = np.random.default_rng(seed)
    verdicts: Counter[Verdict] = Counter()
    runs: list[frozenset[int]] = []
    for _ in range(count):
        chosen = sorted(random.choice(len(blocks), rounds, replace=False).tolist())
        pairs = [blocks[at][int(random.integers(len(blocks[at])))] for at in chosen]
        if kind == "A/A":
            pairs = [pair if number % 2 else (pair[1], pair[0]) for number, pair in enumerate(pairs)]
        sides = [
            Series(name, tuple(replace(pair[side], round=str(number)) for number, pair in enumerate(pairs)))
            for side, name in enumerate(kind.split("/"))
        ]
        verdicts[compare(sides[0], sides[1]).verdict] += 1
        runs.append(frozenset(run.run for pair in pairs for run in pair))
    return Draws(kind, rounds, verdicts, _shared(runs), len(blocks) // rounds)


def _blocks(pool: Sequence[PoolRun], kind: str) -> list[list[tuple[SeriesRun, SeriesRun]]]:
    """The pairs of valid runs that each block offers."""
    found = []
    for block in sorted({each.block for each in pool}):
        of: dict[Server, list[SeriesRun]] = {"A": [], "B": []}
        for each in pool:
            if each.block == block and not each.run.problem:
                of[each.server].append(each.run)
        pairs = list(combinations(of["A"], 2)) if kind == "A/A" else [(a, b) for a in of["A"] for b in of["B"]]
        if pairs:
            found.append(pairs)
    return found


def _shared(runs: Sequence[frozenset[int]]) -> float:
    pairs = list(combinations(runs, 2))[:_SHOWN_PAIRS]
    return sum(len(one & other) / len(one) for one, other in pairs) / len(pairs) if pairs else 1.0
