"""The table of a calibration: rankings, power, false alarms, and the drop that the sets can show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from keywords.engine.evaluation.comparison import compare, pooled
from keywords.engine.evaluation.scores import read_score
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.statistics.intervals import wilson
from keywords.engine.statistics.pairs import detectable_drop
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keywords.engine.evaluation.scores import Score
    from keywords.engine.statistics.pairs import Pairs


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the calibration.

    Attributes:
        name: as the table shows it.
        requantised: whether its matrices are Q4_0 in the place of Q4_1.
        noise: on the matrices that end each block, in their standard deviations; None without.
        first_seed: tells its seeds of sampling from those of the others.
    """

    name: str
    requantised: bool = False
    noise: float | None = None
    first_seed: int = 1

    def series(self, seed: int) -> str:
        """The name of its runs with this seed."""
        return f"{self.name} {seed}"


BASE, AGAIN = Model("base"), Model("base again", first_seed=2)
MODELS = (
    BASE,
    AGAIN,
    Model("Q4_0", requantised=True, first_seed=3),
    Model("noise 0.1", noise=0.1, first_seed=4),
    Model("noise 0.3", noise=0.3, first_seed=5),
)
RANKED = ("base", "noise 0.1", "Q4_0", "noise 0.3")
"""By how far their weights are from the base's, in standard deviations over all matrices of the blocks: 0, 0.05 (noise
on a quarter of them), 0.09, and 0.15."""


def table(store: Path, sets: Sequence[str], seeds: int) -> str:
    """The table of all seeds that every model has answered, in Markdown."""
    with Store(store, ROOM) as opened:
        found = [_scores(opened, sets, seed) for seed in range(1, seeds + 1)]
    whole = [one for one in found if all(len(one.get(model.name, [])) == len(sets) for model in MODELS)]
    head = f"# Calibration\n\n{len(whole)} seeds, sets {', '.join(sets)}, temperature 1, one answer to each item.\n"
    if not whole:
        return f"{head}\nNo seed is whole yet.\n"
    lines = ["", "| model | right answers | different from the base | mean drop |", "| --- | --- | --- | --- |"]
    for model in MODELS:
        rights = [sum(score.hits for score in one[model.name]) for one in whole]
        items = sum(score.valid_items for score in whole[0][model.name])
        rate = f"{sum(rights) / len(rights) / items:.0%} of {items} ({min(rights)} to {max(rights)})"
        if model is BASE:
            lines.append(f"| {model.name} | {rate} | | |")
            continue
        pairs = [_pairs(one["base"], one[model.name]) for one in whole]
        different = sum(one.is_significant for one in pairs)
        low, high = wilson(different, len(pairs))
        drop = sum(one.drop for one in pairs) / len(pairs)
        counted = f"{different} of {len(pairs)} (95 % {low:.0%} to {high:.0%})"
        lines.append(f"| {model.name} | {rate} | {counted} | {drop * 100:+.1f} points |")
    ranked = sum(_is_ranked(one) for one in whole)
    again = [_pairs(one["base"], one[AGAIN.name]) for one in whole]
    churn = sum(one.gained + one.lost for one in again) / sum(one.n for one in again) / 2
    drop_found = detectable_drop(again[0].n, churn)
    drop_at_0 = detectable_drop(again[0].n)
    alarms = sum(one.is_significant for one in again)
    return "\n".join(
        [
            head,
            *lines[1:],
            "",
            f"Ranked {' > '.join(RANKED)}: {ranked} of {len(whole)} seeds.",
            f"False alarms: {alarms} of {len(whole)} comparisons of the base with itself.",
            f"At temperature 1 the base loses {churn:.1%} of the items by chance, and gains as many.",
            f"So {again[0].n} items detect a drop of {_shown(drop_found)} there, and of {_shown(drop_at_0)} at T=0",
            "(power 80 %, exact McNemar).",
            "",
        ]
    )


def _scores(store: Store, sets: Sequence[str], seed: int) -> dict[str, list[Score]]:
    scores: dict[str, list[Score]] = {}
    for model in MODELS:
        runs = {
            run.options["set"]: run.id
            for run in read_runs(store, series=model.series(seed))
            if run.ended and not run.interrupted
        }
        scores[model.name] = [read_score(store, runs[name]) for name in sets if name in runs]
    return scores


def _pairs(first: Sequence[Score], second: Sequence[Score]) -> Pairs:
    return pooled([compare(one, other) for one, other in zip(first, second, strict=True)])


def _is_ranked(scores: dict[str, list[Score]]) -> bool:
    rights = [sum(score.hits for score in scores[name]) for name in RANKED]
    return all(better > worse for better, worse in pairwise(rights))


def _shown(drop: float | None) -> str:
    return "none at all" if drop is None else f"{drop * 100:.0f} points"
