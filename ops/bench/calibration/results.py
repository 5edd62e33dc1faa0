"""What each seed of a calibration gave, read from the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from keywords.engine.evaluation.comparison import compare, pooled
from keywords.engine.evaluation.scores import read_score
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs
from ops.bench.calibration.design import BASE, MODELS, RANKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keywords.engine.evaluation.scores import Score
    from keywords.engine.statistics.pairs import Pairs
    from ops.bench.calibration.design import Model


@dataclass(frozen=True, slots=True)
class SeedResult:
    """One seed that all models have answered.

    Attributes:
        answers: to all sets, of each model.
        hits: right answers of each model, by its name.
        pairs: how the items of the base fared with each other model, by its name.
    """

    answers: int
    hits: Mapping[str, int]
    pairs: Mapping[str, Pairs]

    @property
    def is_ranked(self) -> bool:
        """Whether the models are ranked as they were made."""
        return all(order.holds(self.hits[order.better.name], self.hits[order.worse.name]) for order in RANKING)


def missing_sets(path: Path, sets: Sequence[str], model: Model, seed: int) -> list[str]:
    """The sets that this model has not answered whole yet with this seed."""
    with Store(path, ROOM) as store:
        whole = _runs(store, model, seed)
    return [name for name in sets if name not in whole]


def read_results(path: Path, sets: Sequence[str], seeds: int) -> list[SeedResult]:
    """The seeds, from 1, that every model has answered whole."""
    with Store(path, ROOM) as store:
        found = [_scores(store, sets, seed) for seed in range(1, seeds + 1)]
    return [_result(one) for one in found if one]


def _scores(store: Store, sets: Sequence[str], seed: int) -> dict[str, list[Score]]:
    """The scores of each model by its name, one for each set; none if one is missing."""
    scores: dict[str, list[Score]] = {}
    for model in MODELS:
        runs = _runs(store, model, seed)
        if not all(name in runs for name in sets):
            return {}
        scores[model.name] = [read_score(store, runs[name]) for name in sets]
    return scores


def _runs(store: Store, model: Model, seed: int) -> dict[str, int]:
    """The runs by their sets that asked as the design says, ended, and got a reply to every request."""
    asked = asdict(model.sampling(seed))
    failed = {run for (run,) in store.query("SELECT DISTINCT run FROM evaluation_answers WHERE failure IS NOT NULL")}
    return {
        run.options["set"]: run.id
        for run in read_runs(store, series=model.series(seed))
        if run.ended is not None and not run.interrupted and run.options["sampling"] == asked and run.id not in failed
    }


def _result(scores: Mapping[str, Sequence[Score]]) -> SeedResult:
    base = scores[BASE.name]
    return SeedResult(
        answers=sum(score.draws for score in base),
        hits={name: sum(score.hits for score in several) for name, several in scores.items()},
        pairs={
            name: pooled([compare(one, other) for one, other in zip(base, several, strict=True)])
            for name, several in scores.items()
            if name != BASE.name
        },
    )
