"""Comparison of two series of load runs by one figure of each run.

Requests of one run wait for each other, so a thousand of them are no thousand independent values; whole runs are. The
test is Mann and Whitney's on the runs' figures, also where both servers were measured in turns: a test of pairs, such
as Wilcoxon's, has at best p = 2 / 2^5 = 0.06 of five rounds and could prove nothing. A drift of the machine that both
sides share costs this test power, and no honesty: measured in turns, it spreads both samples alike. The interval draws
whole rounds, so the drift does not widen it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.load.comparison.comparable import cautions_on, reasons_against
from keywords.engine.load.comparison.metrics import METRICS
from keywords.engine.load.comparison.verdicts import Comparison, MetricVerdict, Shift, Verdict
from keywords.engine.statistics.pairs import SIGNIFICANCE, holm
from keywords.engine.statistics.ranks import mann_whitney_p
from keywords.engine.statistics.shifts import RESAMPLES, hodges_lehmann, shift_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keywords.engine.load.comparison.metrics import ComparedMetric
    from keywords.engine.load.comparison.series import Series, SeriesRun

LEAST_RUNS = 5
"""A side: two samples of 5 that do not overlap have p = 0.008, which survives Holm's rule for six metrics."""
DIFFERENT_MACHINES = "different machines: a difference, not a regression"
_MOST_RUNS = 1000
"""Beyond it, no number of runs is named: the shift lies too near its threshold."""


def compare(
    first: Series,
    second: Series,
    *,
    metrics: Mapping[str, ComparedMetric] = METRICS,
    across_machines: bool = False,
    ended_early: str = "",
    resamples: int = RESAMPLES,
) -> Comparison:
    """Say whether the second series is faster or slower than the first, by how much, and how sure that is.

    A metric is SLOWER or FASTER if its interval lies beyond the practical threshold and its p, adjusted by Holm for all
    metrics, is below 0.05; SAME if its interval lies within the threshold. Together they are SLOWER if one is; else
    FASTER if one is and all others are FASTER or SAME; SAME if all are. What the first series has a figure of in every
    run and the second has not, such as the time to the first text of answers that are streams no more, is neither.

    Args:
        first: what is held against.
        second: what is judged.
        metrics: what is compared, with the thresholds.
        across_machines: show the figures of clients on unlike machines, without a verdict.
        ended_early: why the measurement ended before its plan did; the moment of a look decides what it sees, so there
            is no verdict then.
        resamples: of each bootstrap.
    """
    unlike, unfit = reasons_against(first, second, across_machines=across_machines)
    reasons = (*unlike, *unfit, *((ended_early,) if ended_early else ()))
    # Figures that prove nothing still show a shift.
    one, other = _finished(first.usable or first.runs, second.usable or second.runs)
    rounds = len(one) if _in_turns(one, other) else 0
    found: tuple[MetricVerdict, ...] = ()
    if one and other and not unlike:
        shared = [metric for metric in metrics.values() if not _why_missing(metric, one, other)]
        found = _judge(shared, one, other, paired=rounds > 0, resamples=resamples)
    left_out = tuple((name, why) for name, each in metrics.items() if (why := _why_missing(each, one, other)))
    lost = tuple(name for name in metrics if _is_lost(name, one, other)) if found else ()
    if not found and not reasons:
        reasons = ("no metric has a figure in every run",)
    machines = {run.machine for run in (*first.runs, *second.runs)}
    return Comparison(
        first=first,
        second=second,
        verdict=Verdict.NO_VERDICT if reasons else _together([each.verdict for each in found], lost),
        reasons=reasons,
        metrics=found,
        left_out=left_out if found else (),
        lost=lost,
        cautions=cautions_on(one, other, in_turns=_in_turns(first.runs, second.runs)) if found else (),
        rounds=rounds,
        heading=DIFFERENT_MACHINES if across_machines and len(machines) > 1 else "",
    )


def _finished(
    first: Sequence[SeriesRun], second: Sequence[SeriesRun]
) -> tuple[tuple[SeriesRun, ...], tuple[SeriesRun, ...]]:
    """The runs, without those of a round that only one side finished."""
    shared = {run.round for run in first} & {run.round for run in second} - {None}
    if not shared:
        return tuple(first), tuple(second)
    kept = [[run for run in side if run.round is None or run.round in shared] for side in (first, second)]
    return tuple(kept[0]), tuple(kept[1])


def _in_turns(first: Sequence[SeriesRun], second: Sequence[SeriesRun]) -> bool:
    """Whether each run has its partner in the same round."""
    rounds = [[run.round for run in side if run.round is not None] for side in (first, second)]
    return bool(first) and rounds[0] == rounds[1] and len(set(rounds[0])) == len(first) == len(second)


def _why_missing(metric: ComparedMetric, first: Sequence[SeriesRun], second: Sequence[SeriesRun]) -> str:
    missing = [run.run for run in (*first, *second) if metric.name not in run.figures]
    if not missing:
        return ""
    if len(missing) == (count := len(first) + len(second)):
        return "no run has a figure of it"
    return f"{len(missing)} of {count} runs have no figure of it"


def _is_lost(metric: str, first: Sequence[SeriesRun], second: Sequence[SeriesRun]) -> bool:
    """Whether the second series lacks a figure that each run of the first has."""
    return all(metric in run.figures for run in first) and not all(metric in run.figures for run in second)


def _judge(
    metrics: Sequence[ComparedMetric],
    first: Sequence[SeriesRun],
    second: Sequence[SeriesRun],
    *,
    paired: bool,
    resamples: int,
) -> tuple[MetricVerdict, ...]:
    sides = [tuple(tuple(run.figures[each.name] for run in side) for side in (first, second)) for each in metrics]
    ps = [mann_whitney_p(one, other) for one, other in sides]
    found = []
    for metric, (one, other), p, adjusted in zip(metrics, sides, ps, holm(ps), strict=True):
        absolute = _shift(one, other, paired=paired, resamples=resamples)
        shift = absolute if metric.scale == "difference" else _ratio(one, other, paired=paired, resamples=resamples)
        verdict = _verdict(metric, shift, adjusted)
        needed = _runs_needed(metric, shift, min(len(one), len(other))) if verdict is Verdict.INCONCLUSIVE else None
        found.append(MetricVerdict(metric, one, other, shift, absolute, p, adjusted, verdict, needed))
    return tuple(found)


def _shift(first: Sequence[float], second: Sequence[float], *, paired: bool, resamples: int) -> Shift:
    value = hodges_lehmann(first, second)
    if min(len(first), len(second)) < LEAST_RUNS:
        return Shift(value, -math.inf, math.inf)
    return Shift(value, *shift_interval(first, second, paired=paired, resamples=resamples))


def _ratio(first: Sequence[float], second: Sequence[float], *, paired: bool, resamples: int) -> Shift:
    """The shift as a share of the first; of logarithms, so that twice as much and half as much are as far apart."""
    with np.errstate(divide="ignore"):
        logs = [np.log(side).tolist() for side in (first, second)]
    found = _shift(logs[0], logs[1], paired=paired, resamples=resamples)
    with np.errstate(over="ignore"):
        return Shift(*(float(np.expm1(each)) for each in (found.value, found.low, found.high)))


def _verdict(metric: ComparedMetric, shift: Shift, adjusted_p: float) -> Verdict:
    least, most = bounds(metric)
    if least <= shift.low and shift.high <= most:
        return Verdict.SAME
    is_above, is_below = shift.low > most, shift.high < least
    if adjusted_p >= SIGNIFICANCE or not (is_above or is_below):
        return Verdict.INCONCLUSIVE
    return Verdict.SLOWER if is_above == (metric.worse > 0) else Verdict.FASTER


def bounds(metric: ComparedMetric) -> tuple[float, float]:
    """The shifts between which there is no practical difference; on the scale of ratios as far apart both ways."""
    if metric.scale == "difference":
        return -metric.threshold, metric.threshold
    return 1 / (1 + metric.threshold) - 1, metric.threshold


def _runs_needed(metric: ComparedMetric, shift: Shift, runs: int) -> int | None:
    """Runs a side with which the interval would no longer hold the threshold, if its width falls with their root."""
    if not all(math.isfinite(each) for each in (shift.value, shift.low, shift.high)):
        return LEAST_RUNS if runs < LEAST_RUNS else None
    to_threshold = min(abs(shift.value - bound) for bound in bounds(metric))
    half = max(shift.high - shift.value, shift.value - shift.low)
    if not to_threshold:
        return None
    needed = math.ceil(runs * (half / to_threshold) ** 2)
    return max(needed, runs + 1) if needed <= _MOST_RUNS else None


def _together(verdicts: Sequence[Verdict], lost: Sequence[str]) -> Verdict:
    if Verdict.SLOWER in verdicts:
        return Verdict.SLOWER
    if Verdict.INCONCLUSIVE in verdicts or lost:
        return Verdict.INCONCLUSIVE
    return Verdict.FASTER if Verdict.FASTER in verdicts else Verdict.SAME
