"""Trend of a series: its figures week by week, and where something changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from keywords.engine.load.page.stored import NoLoadRunError, read_load
from keywords.engine.load.report.numbers import scale_of
from keywords.engine.statistics.order import SortedValues, percentile_interval
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keywords.engine.load.page.stored import StoredLoad
    from keywords.engine.store.runs import Run

FEWEST_FOR_INTERVAL: Final = 6
"""Runs of a week from which on its median has a 95 % interval: with five, the ends cover 94 %."""


@dataclass(frozen=True, slots=True)
class TrendMetric:
    """A figure of each run.

    Attributes:
        name: its key.
        title: in words.
        unit: of its figures.
        lower_is_better: which way is better.
    """

    name: str
    title: str
    unit: str
    lower_is_better: bool = True


METRICS: Final = (
    TrendMetric("ttft_p50", "Time to the first text, p50", "ms"),
    TrendMetric("ttft_p95", "Time to the first text, p95", "ms"),
    TrendMetric("e2e_p95", "Time to the end of the answer, p95", "ms"),
    TrendMetric("rps", "Whole answers per second", "1/s", lower_is_better=False),
    TrendMetric("tokens_per_s", "Tokens per second in all", "tokens/s", lower_is_better=False),
    TrendMetric("error_rate", "Failed requests", "%"),
)


@dataclass(frozen=True, slots=True)
class TrendRun:
    """One run of a series.

    Attributes:
        run: its row.
        figures: by the name of the metric, in its unit; infinite where too many requests failed.
    """

    run: Run
    figures: Mapping[str, float] = field(repr=False)

    @property
    def week(self) -> date:
        """The Monday of the week in which it started, by the machine's time zone."""
        day = datetime.fromtimestamp(self.run.started_at).date()  # noqa: DTZ006  # weeks of the people here
        return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Week:
    """One metric in one week.

    Attributes:
        monday: its first day.
        values: of the runs, in order.
        median: of the values.
        interval: of the median, two-sided 95 % by order statistics; None with fewer than six runs.
        change: better or worse than the last week with an interval; empty where the intervals touch or one is missing.
    """

    monday: date
    values: tuple[float, ...]
    median: float
    interval: tuple[float, float] | None
    change: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """A series over time.

    Attributes:
        series: its name.
        runs: those that are worth believing, in the order of their starts.
        left_out: runs that are not: INVALID, interrupted or without an end.
        changes: when what was measured, or where, changed: the moment, and what.
    """

    series: str
    runs: tuple[TrendRun, ...]
    left_out: tuple[int, ...]
    changes: tuple[tuple[datetime, str], ...]

    def weeks(self, metric: TrendMetric) -> list[Week]:
        """A metric week by week; weeks without a figure are missing."""
        found: list[Week] = []
        for monday, runs in groupby(self.runs, lambda run: run.week):
            values = tuple(run.figures[metric.name] for run in runs if metric.name in run.figures)
            if values:
                week = Week(monday, values, median(values), _interval(values))
                known = [one for one in found if one.interval is not None]
                found.append(_with_change(known[-1], week, metric) if known else week)
        return found


def series_of(path: Path) -> dict[str, int]:
    """The series of load runs with their numbers of runs, the latest first.

    Raises:
        StoreError: the store cannot be read.
    """
    with Store(path) as store:
        names = [run.series for run in reversed(read_runs(store, kind="load"))]
    return {name: names.count(name) for name in dict.fromkeys(names)}


def read_trend(path: Path, series: str) -> Trend:
    """Read a series.

    Raises:
        NoLoadRunError: the store has no load run of this name.
        StoreError: the store cannot be read.
    """
    with Store(path) as store:
        rows = read_runs(store, kind="load", series=series)
    if not rows:
        names = ", ".join(list(series_of(path))[:10]) or "none"
        raise NoLoadRunError(f"{path} has no load run of series {series!r}; its latest series: {names}")
    usable = [row for row in rows if row.validity == "VALID" and not row.interrupted and row.ended is not None]
    runs = tuple(TrendRun(row, _figures(read_load(path, row.id))) for row in usable)
    changes = tuple(
        (datetime.fromtimestamp(after.started_at), what)  # noqa: DTZ006  # as the weeks
        for before, after in pairwise(usable)
        if (what := _difference(before, after))
    )
    return Trend(series, runs, tuple(row.id for row in rows if row not in usable), changes)


def _figures(load: StoredLoad) -> dict[str, float]:
    summary = load.summary
    asked: dict[str, float | None] = {
        name: summary.percentile(metric, p, failures=True)
        for name, metric, p in (
            ("ttft_p50", "ttft_first_content", 50),
            ("ttft_p95", "ttft_first_content", 95),
            ("e2e_p95", "e2e", 95),
        )
    }
    scale, _ = scale_of("e2e")
    found = {name: value * scale for name, value in asked.items() if value is not None}
    rates = {"rps": summary.rps(), "tokens_per_s": summary.total_output_tokens_per_s()}
    found |= {name: value for name, value in rates.items() if value is not None}
    return found | {"error_rate": 100 * summary.error_rate}


def _interval(values: Sequence[float]) -> tuple[float, float] | None:
    if len(values) < FEWEST_FOR_INTERVAL:
        return None
    return percentile_interval(SortedValues(np.array(values)), 50)


def _with_change(before: Week, week: Week, metric: TrendMetric) -> Week:
    if before.interval is None or week.interval is None:
        return week
    if before.interval[1] < week.interval[0]:
        change = "worse" if metric.lower_is_better else "better"
    elif week.interval[1] < before.interval[0]:
        change = "better" if metric.lower_is_better else "worse"
    else:
        return week
    return Week(week.monday, week.values, week.median, week.interval, change)


def _difference(before: Run, after: Run) -> str:
    """What of the conditions is another one than for the run before."""
    pairs = {
        "workload": (before.workload_hash, after.workload_hash),
        "load": tuple(_load(run.options) for run in (before, after)),
        "model": (before.model, after.model),
        "server": tuple((run.environment.get("model") or {}).get("server") for run in (before, after)),
        "weights": tuple((run.environment.get("model") or {}).get("digest") for run in (before, after)),
        "client's machine": tuple(_machine(run.environment) for run in (before, after)),
    }
    return ", ".join(name for name, (one, other) in pairs.items() if one != other)


def _load(options: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(options.get(name) for name in ("users", "rate", "lasts", "requests", "arrivals"))


def _machine(environment: Mapping[str, Any]) -> tuple[Any, ...]:
    start = environment.get("start") or {}
    return tuple(start.get(name) for name in ("cpu", "logical_cpus", "memory_bytes"))
