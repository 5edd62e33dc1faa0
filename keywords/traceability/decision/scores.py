"""Scores of evaluation sets beside their baselines."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from keywords.engine.evaluation.scores import read_score, stale_runs
from keywords.engine.evaluation.storage import KIND, OF_TARGET
from keywords.engine.evaluation.tables import ROOM
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from keywords.engine.evaluation.scores import Score
    from keywords.engine.store.runs import Run


def judge_scores(
    files: Iterable[Path], model: str, baselines: Mapping[str, float], since: datetime
) -> tuple[bool | None, str]:
    """Whether the latest score of each set reaches its baseline, and the figures.

    A score below its baseline decides alone; else a set without a score leaves the question open.

    Args:
        files: the stores of measurements, whether they are there or not.
        model: the one that the rows asked; no other counts.
        baselines: the least lower bound of each set, 0 to 1.
        since: no evaluation that began earlier counts; local time.

    Raises:
        StoreError: a store cannot be read.
    """
    if not model:
        return None, "the run of the rows names no model: no row asked one"
    scores: dict[str, Score | str] = dict.fromkeys(baselines, "")
    scores |= {name: one for _, name, one in sorted(_found(files, model, baselines, since), key=itemgetter(0))}
    judged = {name: one for name, one in scores.items() if not isinstance(one, str)}
    reached = {name: one.lower_bound >= baselines[name] for name, one in judged.items()}
    figures = [_figure(name, one, baselines[name], reached=reached[name]) for name, one in judged.items()]
    figures += [f"{name}: {reason}" for name, reason in scores.items() if isinstance(reason, str) and reason]
    if unasked := [name for name, reason in scores.items() if reason == ""]:
        figures.append(
            f"not asked of {model} since {since:%Y-%m-%d}: {', '.join(unasked)}; `qa run suites` or "
            f"`qa eval {' '.join(unasked)}` does it"
        )
    met = False if not all(reached.values()) else True if len(judged) == len(scores) else None
    return met, "; ".join(figures)


def _found(
    files: Iterable[Path], model: str, sets: Container[str], since: datetime
) -> Iterator[tuple[float, str, Score | str]]:
    """When each run of some sets began, its set, and its score or why it has none."""
    for file in dict.fromkeys(files):
        if not file.is_file():
            continue
        with Store(file, ROOM) as store:
            stale = stale_runs(store)
            for run in _latest(read_runs(store, kind=KIND), model, since):
                if (name := run.options["set"]) in sets:
                    unfit = f"run {run.id} is marked by a scorer that has changed: `qa score {run.id}`"
                    yield run.started_at, name, unfit if run.id in stale else _whole(read_score(store, run.id))


def _latest(runs: list[Run], model: str, since: datetime) -> list[Run]:
    """Finished runs that asked a whole set as the catalogue says, in the order of their starts."""
    return [
        run
        for run in runs
        if run.model == model
        and run.environment.get(OF_TARGET)
        and run.options.get("standard")
        and run.started_at >= since.timestamp()
        and run.ended is not None
        and not run.interrupted
    ]


def _whole(score: Score) -> Score | str:
    if not score.missing:
        return score
    return f"run {score.run.id} has no answer to {score.missing} of {len(score.items)} items"


def _figure(name: str, score: Score, baseline: float, *, reached: bool) -> str:
    return (
        f"{name} {score.lower_bound:.2f}, baseline {baseline:g}{'' if reached else ', BELOW'} "
        f"({score.passed} of {score.valid_items} items, run {score.run.id})"
    )
