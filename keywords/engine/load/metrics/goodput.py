"""Goodput: requests that hold every service level, per second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.metrics.summary import GAP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keywords.engine.load.metrics.summary import Summary
    from keywords.engine.load.service_levels import ServiceLevel


class GoodputError(ValueError):
    """The service levels define no goodput."""


@dataclass(frozen=True, slots=True)
class Goodput:
    """How many requests held all service levels.

    Attributes:
        levels: that each request had to hold.
        good: whole answers that held all of them.
        bad: whole answers that broke one.
        failed: failed requests, which hold none.
        unmeasured: whole answers for which a level's metric does not exist, such as the time per token of an answer of
            one token; they are not good.
        unmeasured_by: their number by metric.
        cancelled: requests that the end of the run cancelled; they count neither as good nor as bad.
        per_second: good answers that ended within the stage, per second of it; None without a duration.
    """

    levels: tuple[ServiceLevel, ...]
    good: int
    bad: int
    failed: int
    unmeasured: int
    unmeasured_by: Mapping[str, int]
    cancelled: int
    per_second: float | None

    @property
    def share(self) -> float:
        """Good requests of all that were not cancelled, 0 to 1; 0 without any."""
        ended = self.good + self.bad + self.failed + self.unmeasured
        return self.good / ended if ended else 0.0

    def __str__(self) -> str:
        levels = " and ".join(map(str, self.levels))
        rate = "" if self.per_second is None else f", {self.per_second:.4g}/s"
        left_out = [f"{count} have no {metric}" for metric, count in self.unmeasured_by.items()]
        return f"{self.good} good requests ({100 * self.share:.4g} %{rate}) by {levels}" + (
            f"; not good, since they cannot be measured: {', '.join(left_out)}" if left_out else ""
        )


def goodput(summary: Summary, levels: Sequence[ServiceLevel], stage: int | None = None) -> Goodput:
    """Count the requests that hold every service level.

    Args:
        summary: of the load run.
        levels: those of requests, without a statistic, define it; others are left aside.
        stage: None for all together.

    Raises:
        GoodputError: no level is one of requests, or one asks for what a request by itself cannot hold.

    Source: the goodput of vLLM, aiperf and inference-perf. As in guidellm#1085, errors do not conform, and requests
    that the end of the run cancelled are neither. vLLM lets answers of one token pass any level of the time per token.
    """
    chosen = tuple(level for level in levels if level.is_per_request)
    if not chosen:
        raise GoodputError("goodput needs a level for each request, without a statistic, such as 'ttft < 500 ms'")
    samples, population = summary.samples, summary.population(stage)
    answered = population & samples.answered
    unmeasured = np.zeros(len(population), dtype=bool)
    unmeasured_by: dict[str, int] = {}
    holds = answered.copy()
    for level in chosen:
        values = _values(summary, level)
        missing = answered & np.isnan(values)
        if missing.any():
            unmeasured_by[level.metric] = int(missing.sum())
        unmeasured |= missing
        holds &= _compare(level, values)
    return Goodput(
        levels=chosen,
        good=int(holds.sum()),
        bad=int((answered & ~holds & ~unmeasured).sum()),
        failed=summary.failed(stage),
        unmeasured=int(unmeasured.sum()),
        unmeasured_by=unmeasured_by,
        cancelled=summary.cancelled(stage),
        per_second=summary.per_second(_good_at_all(summary, chosen), stage),
    )


def _good_at_all(summary: Summary, levels: Sequence[ServiceLevel]) -> NDArray[np.bool_]:
    """Good requests of any stage: as for `rps`, those count that end within a stage, wherever they began."""
    holds = summary.samples.answered.copy()
    for level in levels:
        holds &= _compare(level, _values(summary, level))
    return holds


def _values(summary: Summary, level: ServiceLevel) -> NDArray[np.float64]:
    if level.metric == GAP and level.comparison in {">", ">="}:
        raise GoodputError(f"{level}: every gap of a request holds an upper limit; write chunk_gap < …")
    return summary.values(level.metric)


def _compare(level: ServiceLevel, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values hold the level; nan holds none."""
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[level.comparison]
    return np.asarray(compare(values, level.limit), dtype=bool)
