"""Steady state: the part of a stage in which the server had warmed up and the load had not yet begun to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keywords.engine.load.metrics.summary import Summary

METHOD = "MSER-5"
_BATCH = 5
_LEAST_BATCHES = 10
"""With fewer, the rule's least value says little."""


@dataclass(frozen=True, slots=True)
class SteadyState:
    """Where a stage is steady.

    Attributes:
        metric: by which it was found.
        method: named.
        chosen: which samples belong to it, shape (n,); all of the stage's answers where none was found.
        trimmed_start: share of the stage's answers before it, 0 to 1.
        trimmed_end: share of the stage's answers after it, 0 to 1.
        problem: why none was found; None if one was.
    """

    metric: str
    method: str
    chosen: NDArray[np.bool_] = field(repr=False)
    trimmed_start: float
    trimmed_end: float
    problem: str | None = None

    @property
    def share(self) -> float:
        """Share of the stage's answers within the steady state, 0 to 1."""
        return 1.0 - self.trimmed_start - self.trimmed_end

    def __str__(self) -> str:
        if self.problem:
            return f"no steady state by {self.method} of {self.metric}: {self.problem}"
        return (
            f"{100 * self.share:.3g} % of the answers are steady by {self.method} of {self.metric}; "
            f"{100 * self.trimmed_start:.3g} % before and {100 * self.trimmed_end:.3g} % after are not"
        )


def find_steady_state(summary: Summary, stage: int | None = None, metric: str | None = None) -> SteadyState:
    """Find where a stage is steady: cut off the start, then the end, each where the rule is least.

    The numbers of a run and its service levels are always those of whole stages: a tail that is cut away may be the
    server's fault. The steady state stands beside them.

    Args:
        summary: of the load run.
        stage: None for all together.
        metric: of a request; `ttft_first_content` if left out, `e2e` if no answer was a stream.

    Source: K. P. White, Simulation 69 (1997) 323, and K. P. White, M. J. Cobb, S. C. Spratt, WSC 2000: MSER-5, the
    least standard error of the mean over batches of five, with the minimum sought in the first half. The end is cut by
    the same rule over the rest in reverse.
    """
    if metric is None:
        metric = "ttft_first_content" if summary.count("ttft_first_content", stage) else "e2e"
    values = summary.values(metric)
    places = np.flatnonzero(summary.population(stage) & ~np.isnan(values))
    places = places[np.argsort(summary.samples.t_sent[places], kind="stable")]
    start, end, problem = _bounds(values[places])
    chosen = np.zeros(len(values), dtype=bool)
    chosen[places[start:end]] = True
    n = max(1, len(places))
    return SteadyState(metric, METHOD, chosen, start / n, (len(places) - end) / n, problem)


def steady_windows_s(summary: Summary) -> tuple[float, ...]:
    """Seconds of the steady state of each stage; 0 where it has none."""
    found = {stage: find_steady_state(summary, stage) for stage in summary.windows}
    return tuple(0.0 if each.problem else summary.duration_s(stage) * each.share for stage, each in found.items())


def _bounds(series: NDArray[np.float64]) -> tuple[int, int, str | None]:
    """Begin and end of the steady part of a series."""
    n = len(series)
    if n < _BATCH * _LEAST_BATCHES:
        return 0, n, f"{n} answers are too few; it needs {_BATCH * _LEAST_BATCHES}"
    start = _cut(series)
    if start is None:
        return 0, n, "the second half still differs from the first; run longer"
    back = _cut(series[start:][::-1])
    if back is None:
        return 0, n, "the end differs from what came before; look at the series"
    return start, n - back, None


def _cut(series: NDArray[np.float64]) -> int | None:
    """How many values to cut from the start; None if the least error lies at half of the series or beyond."""
    count = len(series) // _BATCH
    batches = series[: count * _BATCH].reshape(count, _BATCH).mean(axis=1)
    least = int(np.argmin(mser(batches)))
    return least * _BATCH if least < count // 2 else None


def mser(batches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared standard error of the mean of what is left after cutting the first d batches, for each d.

    Args:
        batches: shape (count,).

    Returns:
        The rule for d = 0 … count // 2, shape (count // 2 + 1,). Of fewer batches it would be small by chance.
    """
    count = len(batches)
    left = np.arange(count, 0, -1)
    # Around the mean, so that squares of large values do not cancel each other.
    centred = batches - batches.mean()
    sums = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1]
    return ((squares - sums**2 / left) / left**2)[: count // 2 + 1]
