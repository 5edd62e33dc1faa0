"""One side of a choice: its load runs and its evaluations, found in the store by one name."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from keywords.engine.evaluation.scores import Score, read_score
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.load.errors import LoadInputError
from keywords.engine.load.metrics.cost import cost
from keywords.engine.load.page.stored import StoredLoad, read_load
from keywords.engine.load.report.numbers import scale_of
from keywords.engine.statistics.clusters import clustered_rate
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.statistics.clusters import Rate
    from keywords.engine.store.runs import Run


class NoSideError(LoadInputError):
    """The store has neither a load run nor an evaluation of a name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a side.

    Attributes:
        value: median over the load runs, in the unit of its name.
        low: of the lowest run.
        high: of the highest run.
        runs: number of load runs that have it.
    """

    value: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True, slots=True)
class Side:
    """One side.

    Attributes:
        name: of the series or the model.
        loads: its load runs that are worth believing, in the order of their starts.
        left_out: load runs that are not.
        scores: its latest score of each set of questions, by the set's digest; empty without an evaluation.
        price: of its model; None without one.
    """

    name: str
    loads: tuple[StoredLoad, ...] = field(repr=False)
    left_out: tuple[int, ...]
    scores: Mapping[str, Score] = field(repr=False)
    price: Price | None

    def latency(self, metric: str, p: int) -> Figure | None:
        """A percentile of a request's metric in its shown unit, failures as infinite; None without enough requests."""
        scale, _ = scale_of(metric)
        return self._figure(lambda load: _scaled(load.summary.percentile(metric, p, failures=True), scale))

    @property
    def rate(self) -> Figure | None:
        """Whole answers per second."""
        return self._figure(lambda load: load.summary.rps())

    @property
    def tokens(self) -> Figure | None:
        """Output tokens per second of all answers together."""
        return self._figure(lambda load: load.summary.total_output_tokens_per_s())

    @property
    def errors(self) -> Figure | None:
        """Failed requests in per cent."""
        return self._figure(lambda load: 100 * load.summary.error_rate)

    @property
    def dollars(self) -> Figure | None:
        """Mean price of a thousand whole answers, in US dollars; None without a price or without the server's usage."""
        price = self.price
        if price is None:
            return None
        return self._figure(lambda load: _scaled(cost(load.summary, price).per_answer, 1000))

    def quality(self, sets: Sequence[str]) -> Rate | None:
        """The share of right answers over all items of these sets together, with its 95 % interval.

        None where one of the sets has no score.

        Raises:
            TooFewItemsError: fewer than 5 items have an answer.
        """
        if not sets or any(each not in self.scores for each in sets):
            return None
        return clustered_rate([count for each in sets for count in self.scores[each].counts.values()])

    def _figure(self, of: Callable[[StoredLoad], float | None]) -> Figure | None:
        values = [value for load in self.loads if (value := of(load)) is not None]
        return Figure(median(values), min(values), max(values), len(values)) if values else None


def read_side(path: Path, name: str, prices: Mapping[str, Price]) -> Side:
    """Read all that the store has of a series, or of a model.

    Args:
        path: of the store.
        name: a series, else a model; both kinds of runs of it are taken.
        prices: of models; a model that is not among them has none.

    Raises:
        NoSideError: there is nothing of this name.
        DatasetError: an evaluation is not marked by its scorer.
        StoreError: the store cannot be read.
    """
    with Store(path, ROOM) as store:
        every = read_runs(store)
        runs = [run for run in every if run.series == name] or [run for run in every if run.model == name]
        evaluations = {run.options["sha256"]: run for run in runs if run.kind == "evaluation" and not run.interrupted}
        scores = {digest: read_score(store, run.id) for digest, run in evaluations.items()}
    loads = [run for run in runs if run.kind == "load"]
    if not loads and not scores:
        names = ", ".join(list(dict.fromkeys(run.series for run in reversed(every)))[:10]) or "none"
        raise NoSideError(f"{path} has no load run and no evaluation of {name!r}; its latest series: {names}")
    usable = [run for run in loads if _is_usable(run)]
    models = {run.model for run in usable} or {run.model for run in runs}
    price = prices.get(str(next(iter(models)))) if len(models) == 1 else None
    return Side(
        name,
        tuple(read_load(path, run.id) for run in usable),
        tuple(run.id for run in loads if not _is_usable(run)),
        scores,
        price,
    )


def _is_usable(run: Run) -> bool:
    return run.validity == "VALID" and not run.interrupted and run.ended is not None


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
