"""Figures of a load run: one number for each compared metric."""

from __future__ import annotations

from math import isnan
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.comparison.metrics import METRICS
from keywords.engine.load.imported.figures import figure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keywords.engine.load.comparison.metrics import ComparedMetric
    from keywords.engine.load.imported.figures import Figure
    from keywords.engine.load.metrics.summary import Summary


def figures_of(summary: Summary) -> Mapping[str, float]:
    """One figure of each metric that this run has a number for, by name.

    Each stage is a population of its own, so each has a figure of its own. Of several stages it is their mean: the
    geometric one on the scale of ratios, so that each stage weighs the same however slow it is.

    A request without an answer, failed or cancelled by the end of the run, counts as infinite in a percentile. A time
    of 0 is below the resolution, such as that of tokens that came in one read, and no figure.
    """
    return _collect(lambda metric, stage: _figure(summary, metric, stage), list(summary.windows))


def figures_of_import(imported: Sequence[Figure]) -> Mapping[str, float]:
    """The same of what another tool computed, where its file has no requests.

    A tool that knows no intended moments gives its times from the sending.
    """
    return _collect(
        lambda metric, stage: _imported_figure(imported, metric, stage), sorted({each.stage for each in imported})
    )


def _collect(figure: Callable[[ComparedMetric, int], float | None], stages: Sequence[int]) -> Mapping[str, float]:
    figures = {}
    for metric in METRICS.values():
        values = [figure(metric, stage) for stage in stages]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            mean = _geometric_mean(known) if metric.scale == "ratio" else fmean(known)
            if not isnan(mean) and (mean or metric.unit != "s"):
                figures[metric.name] = mean
    return figures


def _figure(summary: Summary, metric: ComparedMetric, stage: int) -> float | None:
    if metric.of == "rps":
        return summary.rps(stage)
    if metric.of == "error_rate":
        return summary.error_rate_of(stage) if summary.answered(stage) + summary.failed(stage) else None
    if metric.statistic is None:
        raise ValueError(f"{metric.name}: give the percentile of its requests as its statistic")
    if not summary.count(metric.of, stage) and (summary.answered(stage) or not summary.failed(stage)):
        return None  # such as the time to first content of answers that are no streams, be it that others failed
    return summary.percentile(metric.of, metric.statistic, stage, failures=True, unended=True)


def _imported_figure(imported: Sequence[Figure], metric: ComparedMetric, stage: int) -> float | None:
    names = (metric.of, metric.of.removesuffix("_from_intended"))
    statistics = ("value", "mean") if metric.statistic is None else (f"p{metric.statistic}",)
    told = (figure_of(imported, name, statistic, stage) for name in names for statistic in statistics)
    return next((value for value in told if value is not None), None)


def _geometric_mean(values: list[float]) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.exp(np.mean(np.log(values))))
