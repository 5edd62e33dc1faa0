"""Load runs as the store has them: all that a page needs, without any server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.errors import LoadInputError
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.plan import Stage
from keywords.engine.load.report.numbers import number
from keywords.engine.load.server_metrics.storage import SERVER_ROOM, read_signals_of
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.tables import LOAD_ROOM, STAGES
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from keywords.engine.load.server_metrics.signals import SignalValue
    from keywords.engine.load.session import LoadRun
    from keywords.engine.store.runs import Run

_SWEPT = ("temperature", "max_tokens", "prompt_tokens", "users", "rate")
"""Options that a sweep varies; of a swept one the store has a number instead of the text that was typed."""


class NoLoadRunError(LoadInputError):
    """What was named is no load run of the store."""


@dataclass(frozen=True, slots=True)
class StoredLoad:
    """A load run.

    Attributes:
        run: its row.
        summary: its numbers.
        stages: levels of load, in order.
        signals: what the server said of itself meanwhile, in the order of time.
    """

    run: Run
    summary: Summary = field(repr=False)
    stages: tuple[Stage, ...]
    signals: tuple[SignalValue, ...] = field(repr=False)

    @property
    def origin_s(self) -> float:
        """Begin of the first stage by the clock of the samples."""
        return min((begin for begin, _ in self.summary.windows.values()), default=self.run.started)

    def load_of(self, stage: int) -> str:
        """The level of load of a stage, such as `10 users`; with its number where two have the same."""
        names = [load_name(each) for each in self.stages]
        if stage >= len(names):
            return f"stage {stage}"
        return f"stage {stage}: {names[stage]}" if names.count(names[stage]) > 1 else names[stage]

    def values(self, metric: str, stage: int) -> NDArray[np.float64]:
        """A metric of a stage's requests without those that have none, shape (n,)."""
        found = self.summary.values(metric)[self.summary.population(stage)]
        return found[~np.isnan(found)]


def load_name(stage: Stage) -> str:
    """A level of load, such as `10 users` or `5/s`."""
    if stage.users is not None:
        return f"{stage.users} user{'' if stage.users == 1 else 's'}"
    return "arrivals as in a trace" if stage.rate is None else f"{number(stage.rate)}/s"


def read_load(path: Path, run: int) -> StoredLoad:
    """Read a load run.

    Args:
        path: of the store.
        run: its id.

    Raises:
        NoLoadRunError: it is a run of another kind.
        StoreError: there is no such run, or the store cannot be read.
    """
    with Store(path, LOAD_ROOM, SERVER_ROOM) as store:
        row = read_run(store, run)
        if row.kind != "load":
            raise NoLoadRunError(f"run {run} is of the kind {row.kind!r}; name a load run, which `qa load` makes")
        chosen = f"SELECT began, ended, users, rate FROM {STAGES.name} WHERE run = ? ORDER BY stage"  # noqa: S608  # a declared name
        stages = tuple(Stage(ended - began, users, rate) for began, ended, users, rate in store.query(chosen, (run,)))
        signals = tuple(read_signals_of(store, run))
    return StoredLoad(row, Summary(read_samples(path, run)), stages, signals)


def load_of(run: LoadRun) -> StoredLoad:
    """A load run that has just ended, without reading its samples again.

    Raises:
        StoreError: the store cannot be read.
    """
    with Store(run.store) as store:
        row = read_run(store, run.run)
    return StoredLoad(row, run.summary, run.plan.stages, run.signals)


def axes_of(loads: Sequence[StoredLoad]) -> Mapping[str, tuple[float, ...]]:
    """Parameters that were swept over these runs, with their values in ascending order."""
    found: dict[str, tuple[float, ...]] = {}
    for name in _SWEPT:
        values = [load.run.options.get(name) for load in loads]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            numbers = sorted({float(value) for value in values if value is not None})
            if len(numbers) > 1:
                found[name] = tuple(numbers)
    return found


def levels_across(loads: Sequence[StoredLoad]) -> Iterator[tuple[str, StoredLoad, int]]:
    """Each stage of each run with a name that tells it from the others: its values of what was swept, or its load."""
    axes = axes_of(loads)
    for load in loads:
        values = [f"{load.run.options[name]:g}" for name in axes]
        for stage in load.summary.stages:
            several = len(load.summary.stages) > 1
            yield ", ".join([*values, *([load.load_of(stage)] if several or not axes else [])]), load, stage
