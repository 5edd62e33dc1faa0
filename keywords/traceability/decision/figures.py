"""Figures of load runs and evaluations for the summary: the latest of each series, each with its n and interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from keywords.engine.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from keywords.engine.load.metrics.summary import Summary
    from keywords.engine.store.runs import Run

MOST = 12
"""Other runs of each kind that the summary shows, beside those that a release rests on."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What load runs and evaluations measured, the latest first, as plain data for the page.

    Attributes:
        loads: of each series of load runs the latest one.
        scores: of each set and model the latest evaluation.
        problems: why a file could not be read.
    """

    loads: Sequence[dict[str, Any]] = ()
    scores: Sequence[dict[str, Any]] = ()
    problems: Sequence[str] = ()


def read_figures(files: Iterable[Path], *, series: Collection[str] = (), model: str = "") -> Figures:
    """Read the figures of some stores of measurements; one that is not there holds none.

    Args:
        files: the stores.
        series: of load runs that exit criteria judge; they are there however many later ones there are.
        model: the tested one, whose scores are there however many later ones there are.
    """
    loads: dict[object, dict[str, Any]] = {}
    scores: dict[object, dict[str, Any]] = {}
    problems = []
    for file in dict.fromkeys(files):
        if not file.is_file():
            continue
        try:
            for run in _latest(file, "load", lambda run: run.series, lambda run: run.series in series):
                _keep(loads, run.series, run, _of_load(file, run))
            for run in _latest(file, "evaluation", _set_and_model, lambda run: run.model == model):
                _keep(scores, _set_and_model(run), run, _of_score(file, run))
        except StoreError as err:
            problems.append(str(err))
    return Figures(_ordered(loads), _ordered(scores), problems)


def _set_and_model(run: Run) -> tuple[str, str | None]:
    return str(run.options.get("set", run.series)), run.model


def _ordered(found: Mapping[object, dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found.values(), key=lambda one: str(one["began"]), reverse=True)


def _keep(found: dict[object, dict[str, Any]], key: object, run: Run, facts: dict[str, Any]) -> None:
    """Keep the figures of a run, unless a later one of another store is there."""
    began = datetime.fromtimestamp(run.started_at).astimezone().isoformat(" ", "minutes")[:16]
    if key not in found or str(found[key]["began"]) < began:
        found[key] = {"run": run.id, "series": run.series, "model": run.model or "", "began": began, **facts}


def _latest(file: Path, kind: str, key: Callable[[Run], object], always: Callable[[Run], bool]) -> list[Run]:
    """The latest run of each series of a store: those that are always shown, and the latest of the others."""
    from keywords.engine.evaluation.tables import ROOM  # noqa: PLC0415  # takes a while to import
    from keywords.engine.load.storage.tables import LOAD_ROOM  # noqa: PLC0415  # as above
    from keywords.engine.store.database import Store  # noqa: PLC0415  # as above
    from keywords.engine.store.runs import read_runs  # noqa: PLC0415  # as above

    with Store(file, LOAD_ROOM, ROOM) as store:
        # A later run of a series takes the place of the earlier one.
        latest = {key(run): run for run in read_runs(store, kind=kind)}.values()  # type: ignore[arg-type]  # one of the store's
    others = sorted((run for run in latest if not always(run)), key=lambda run: run.started_at)
    return [*filter(always, latest), *others[-MOST:]]


def _of_load(file: Path, run: Run) -> dict[str, Any]:
    from keywords.engine.load.metrics.summary import Summary  # noqa: PLC0415  # takes a while to import
    from keywords.engine.load.storage.columns import read_samples  # noqa: PLC0415  # as above

    summary = Summary(read_samples(file, run.id))
    state = "interrupted" if run.interrupted else (run.validity or "not ended").lower()
    return {
        "state": state,
        "why": "; ".join(run.reasons) if state != "valid" else "",
        "answered": summary.answered(),
        "failed": summary.failed(),
        "ttft": _percentile(summary, "ttft_first_content"),
        "e2e": _percentile(summary, "e2e"),
    }


def _percentile(summary: Summary, metric: str) -> str:
    """A 95th percentile with its interval; a failure counts as infinite, as in the exit criteria."""
    value = summary.percentile(metric, 95, failures=True)
    span = summary.interval(metric, 95, failures=True)
    if value is None or span is None:
        return "too few values"
    if math.isinf(value):
        return "none: more than 5 % failed"
    return f"{value:.3g} s ({span[0]:.3g} to {span[1]:.3g})"


def _of_score(file: Path, run: Run) -> dict[str, Any]:
    from keywords.engine.evaluation.items import DatasetError  # noqa: PLC0415  # takes a while to import
    from keywords.engine.evaluation.scores import read_score  # noqa: PLC0415  # as above
    from keywords.engine.evaluation.tables import ROOM  # noqa: PLC0415  # as above
    from keywords.engine.store.database import Store  # noqa: PLC0415  # as above

    state = "interrupted" if run.interrupted else ""
    facts = {"set": run.options.get("set", run.series), "label": run.options.get("label", ""), "state": state}
    facts |= {"scorer": "", "right": "", "bound": ""}
    try:
        with Store(file, ROOM) as store:
            score = read_score(store, run.id)
        unanswered = sum(score.failures.values())
        facts |= {
            "scorer": score.scorer,
            "right": f"{score.passed} of {score.valid_items} items",
            "bound": f"{score.lower_bound:.0%}".replace("%", " %"),
            "state": state or (f"{unanswered} requests without a reply" if unanswered else ""),
        }
    except (DatasetError, LookupError, StoreError) as err:
        facts["right"] = f"no score: {err}"
    return facts
