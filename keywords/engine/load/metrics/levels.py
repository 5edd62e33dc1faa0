"""Judgement of service levels by the numbers of a load run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from keywords.engine.load.metrics.definitions import LATENCIES
from keywords.engine.load.metrics.goodput import GoodputError, goodput
from keywords.engine.load.metrics.summary import GAP
from keywords.engine.statistics.intervals import mean_interval, wilson
from keywords.engine.statistics.percentiles import values_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.metrics.cost import Price
    from keywords.engine.load.metrics.summary import Summary
    from keywords.engine.load.service_levels import ServiceLevel

_BATCHES = 10
_LEAST_IN_BATCH = 5


@dataclass(frozen=True, slots=True)
class LevelResult:
    """Whether a service level held.

    Attributes:
        level: it.
        verdict: INCONCLUSIVE where the interval holds the limit, or where there is no number.
        value: measured, with failures as infinite; None where there is none.
        low: lower end of its two-sided 95 % interval; equal to `value` for a count over the whole stage.
        high: upper end.
        note: why there is no number, or what it leaves out; empty without.
    """

    level: ServiceLevel
    verdict: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    value: float | None
    low: float
    high: float
    note: str = ""


def judge(
    summary: Summary,
    level: ServiceLevel,
    stage: int | None = None,
    *,
    levels: Sequence[ServiceLevel] = (),
    price: Price | None = None,
) -> LevelResult:
    """Judge a service level by a stage, or by all of them together.

    A percentile of a latency counts each failure as infinite, so that a server does not pass by failing. A mean of a
    latency has no value once a request failed. A level for each request holds if every request holds it. Requests that
    the end of the run cancelled are neither answered nor failed, but a level that would break if they failed is
    INCONCLUSIVE, so that a server does not pass by hanging.

    Args:
        summary: of the load run.
        level: to judge.
        stage: None for all together.
        levels: all of the run, which define its goodput.
        price: of the model, for a level of the cost.
    """
    if level.percentile is not None:
        return _percentile(summary, level, level.percentile, stage)
    if level.mean:
        return _mean(summary, level, stage)
    if level.is_per_request:
        return _each(summary, level, stage)
    return _of_run(summary, level, stage, levels, price)


def _percentile(summary: Summary, level: ServiceLevel, p: int, stage: int | None) -> LevelResult:
    value = summary.percentile(level.metric, p, stage, failures=True)
    interval = summary.interval(level.metric, p, stage, failures=True)
    if value is None or interval is None:
        n = summary.count(level.metric, stage, failures=True)
        return _no_number(level, f"n too small for p{p}: {n} values, and it needs {values_needed(p)}")
    low, high = interval
    if level.verdict(low, high) == "PASS" and (unended := summary.cancelled(stage)):
        worst = summary.interval(level.metric, p, stage, failures=True, unended=True)
        if worst is not None and level.verdict(*worst) != "PASS":
            return LevelResult(level, "INCONCLUSIVE", value, low, high, _unended(unended))
    return LevelResult(level, level.verdict(low, high), value, low, high)


def _mean(summary: Summary, level: ServiceLevel, stage: int | None) -> LevelResult:
    """Mean with the interval of batch means, which allows for requests that depend on their neighbours.

    Source: A. M. Law, Simulation Modeling and Analysis (2015) 9.5.3: batch means with Student's t.
    """
    if level.metric == GAP:
        value = summary.mean(GAP, stage)
        note = "a mean over chunks has no interval"
        return _no_number(level, "no values") if value is None else _exact(level, value, note)
    if level.metric in LATENCIES and (failed := summary.failed(stage)):
        return _no_number(level, f"{failed} requests failed, so their mean has no value; ask for a percentile")
    if level.metric in LATENCIES and (unended := summary.cancelled(stage)):
        return _no_number(level, _unended(unended))
    values = summary.values(level.metric)
    places = np.flatnonzero(summary.population(stage) & ~np.isnan(values))
    if len(places) < _BATCHES * _LEAST_IN_BATCH:
        needed = _BATCHES * _LEAST_IN_BATCH
        return _no_number(level, f"n too small for a mean: {len(places)} values, and it needs {needed}")
    places = places[np.argsort(summary.samples.t_sent[places], kind="stable")]
    estimate = mean_interval([float(values[part].mean()) for part in np.array_split(places, _BATCHES)])
    return LevelResult(
        level, level.verdict(estimate.low, estimate.high), float(values[places].mean()), estimate.low, estimate.high
    )


def _each(summary: Summary, level: ServiceLevel, stage: int | None) -> LevelResult:
    try:
        found = goodput(summary, [level], stage)
    except GoodputError as error:
        return _no_number(level, str(error))
    ended = found.good + found.bad + found.failed + found.unmeasured
    if not ended:
        return _no_number(level, "no request ended")
    note = f"{found.good} of {ended} requests hold it"
    if found.unmeasured:
        note += f"; {found.unmeasured} have no {level.metric}"
    if found.bad or found.failed:
        return LevelResult(level, "FAIL", found.share, found.share, found.share, note)
    if found.cancelled:
        note += f"; {_unended(found.cancelled)}"
    verdict: Literal["PASS", "INCONCLUSIVE"] = "INCONCLUSIVE" if found.unmeasured or found.cancelled else "PASS"
    return LevelResult(level, verdict, found.share, found.share, found.share, note)


def _of_run(
    summary: Summary, level: ServiceLevel, stage: int | None, levels: Sequence[ServiceLevel], price: Price | None
) -> LevelResult:
    if level.metric == "error_rate":
        failed = summary.failed(stage)
        ended = failed + summary.answered(stage)
        if not ended:
            return _no_number(level, "no request ended")
        low, high = wilson(failed, ended)
        verdict, note = level.verdict(low, high), f"{failed} of {ended} failed"
        unended = summary.cancelled(stage)
        if verdict == "PASS" and level.verdict(*wilson(failed + unended, ended + unended)) != "PASS":
            verdict, note = "INCONCLUSIVE", f"{note}; {_unended(unended)}"
        return LevelResult(level, verdict, failed / ended, low, high, note)
    if level.metric == "goodput":
        try:
            value = goodput(summary, levels, stage).per_second
        except GoodputError as error:
            return _no_number(level, str(error))
    elif level.metric == "cost":
        if price is None:
            return _no_number(level, "the model has no price; add it to the table of prices")
        from keywords.engine.load.metrics.cost import cost  # noqa: PLC0415  # pydantic, which only prices need

        found = cost(summary, price, stage)
        return _exact(level, found.dollars, f"{found.unpriced} requests are without usage" if found.unpriced else "")
    else:
        value = summary.rps(stage) if level.metric == "rps" else summary.total_output_tokens_per_s(stage)
    return _no_number(level, "the stage has no duration") if value is None else _exact(level, value, "")


def _unended(count: int) -> str:
    return f"{count} requests had not ended when the run did; let it drain longer"


def _exact(level: ServiceLevel, value: float, note: str) -> LevelResult:
    return LevelResult(level, "PASS" if level.holds(value) else "FAIL", value, value, value, note)


def _no_number(level: ServiceLevel, why: str) -> LevelResult:
    return LevelResult(level, "INCONCLUSIVE", None, -math.inf, math.inf, why)
