"""A comparison in words: a sentence, and the lines of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keywords.engine.load.comparison.compare import LEAST_RUNS
from keywords.engine.load.comparison.verdicts import Verdict
from keywords.engine.statistics.ranks import fewest_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.comparison.metrics import ComparedMetric
    from keywords.engine.load.comparison.series import Series
    from keywords.engine.load.comparison.verdicts import Comparison, MetricVerdict, Shift

_HEAD = ("metric", "first", "second", "shift", "95 % interval", "p (Holm)", "matters from", "verdict")
_JUDGED_FROM = 5
"""The columns from here on are about the verdict."""
_LEAST_P = 0.0001
_DECIMALS = 3
"""Of a per cent; what is left of rounding lies far below."""


def describe(comparison: Comparison) -> list[str]:
    """The lines of a report: what was compared, a line for each metric, what lessens its worth, and the verdict."""
    first, second = comparison.first, comparison.second
    turns = f", in {comparison.rounds} rounds in turns" if comparison.rounds else ""
    lines = [
        f"second: {_describe_series(second)}",
        f"first:  {_describe_series(first)}{turns}",
    ]
    if comparison.heading:
        lines.insert(0, comparison.heading)
    if comparison.metrics:
        head, rows = table_of(comparison)
        lines += _table([head, *rows])
    lines += [f"{name} is not compared: {why}" for name, why in comparison.left_out]
    lines += [f"caution: {caution}" for caution in comparison.cautions]
    return [*lines, sentence(comparison)]


def sentence(comparison: Comparison) -> str:
    """The verdict with its reason: by how much, and with what confidence."""
    verdict = comparison.verdict
    name, than = comparison.second.name, comparison.first.name
    if verdict is Verdict.NO_VERDICT:
        return f"NO VERDICT on {name} against {than}: {'; '.join(comparison.reasons)}"
    chosen = [each for each in comparison.metrics if each.verdict is verdict]
    if verdict is Verdict.SAME:
        return (
            f"SAME: {name} is as fast as {than}; with 95 % confidence, no metric shifts by more than its practical "
            f"threshold: {', '.join(map(_shift_text, chosen))}"
        )
    if verdict is Verdict.INCONCLUSIVE:
        return f"INCONCLUSIVE: {name} against {than}: {_why_inconclusive(comparison)}"
    more = [f"{each.metric.name} is {each.verdict}" for each in comparison.metrics if each.verdict is not verdict]
    rest = f"; {', '.join(more)}" if more else ""
    return f"{verdict}: {name} is {verdict.lower()} than {than}: {'; '.join(map(_found_text, chosen))}{rest}"


def _why_inconclusive(comparison: Comparison) -> str:
    runs = min(len(comparison.metrics[0].first), len(comparison.metrics[0].second))
    unclear = [each for each in comparison.metrics if each.verdict is Verdict.INCONCLUSIVE]
    shifts = ", ".join(map(_shift_text, unclear))
    if runs < LEAST_RUNS:
        return f"{runs} of the {LEAST_RUNS} runs a side that a verdict takes; {shifts}"
    lost = (
        f"not every run of {comparison.second.name} has {' and '.join(comparison.lost)}, which each run of "
        f"{comparison.first.name} has: see whether it still streams, or let each run last longer"
    )
    if not unclear:
        return lost
    needed = [each.runs_needed for each in unclear]
    fewest = fewest_values(len(comparison.metrics))
    if runs < fewest:
        remedy = f"{len(comparison.metrics)} metrics need {fewest} runs a side"
    elif None in needed:
        remedy = "a shift lies too near its threshold for any number of runs, or its runs differ too much"
    else:
        remedy = f"some {max(each for each in needed if each)} runs a side would tell, if they vary like these"
    return f"{runs} runs a side cannot tell: {shifts}; {remedy}" + (f"; {lost}" if comparison.lost else "")


def _found_text(each: MetricVerdict) -> str:
    threshold = _on_scale(each.metric, each.metric.threshold, signed=False)
    p = f"p = {_p(each.adjusted_p)} ({_p(each.p)} before Holm's correction)"
    return f"{_shift_text(each)}, {p}, beyond the practical {threshold}"


def _shift_text(each: MetricVerdict) -> str:
    ends = _ends(each.metric, each.shift)
    absolute = (
        "" if each.metric.scale == "difference" else f" = {_in_unit(each.metric, each.absolute.value, signed=True)}"
    )
    return f"{each.metric.name} {_on_scale(each.metric, each.shift.value)}{absolute}" + (f" ({ends})" if ends else "")


def _row(each: MetricVerdict) -> tuple[str, ...]:
    metric = each.metric
    return (
        metric.name,
        _in_unit(metric, _middle(each.first)),
        _in_unit(metric, _middle(each.second)),
        _on_scale(metric, each.shift.value),
        _ends(metric, each.shift) or "none",
        _p(each.adjusted_p),
        _on_scale(metric, metric.threshold, signed=False),
        each.verdict,
    )


def _describe_series(series: Series) -> str:
    numbers = ", ".join(str(run.run) for run in series.runs)
    count = len(series.runs)
    return f"{series.name}, {count} load run{'' if count == 1 else 's'}" + (f" ({numbers})" if numbers else "")


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            cell.ljust(width) if at in {0, len(row) - 1} else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *others)).rstrip()


def _ends(metric: ComparedMetric, shift: Shift) -> str:
    """The interval; nothing where there is none."""
    if math.isinf(shift.low) and math.isinf(shift.high) and shift.low != shift.high:
        return ""
    if metric.scale == "ratio" and shift.low == -1 and math.isinf(shift.high):
        return ""
    return f"{_on_scale(metric, shift.low)} to {_on_scale(metric, shift.high)}"


def _on_scale(metric: ComparedMetric, value: float, *, signed: bool = True) -> str:
    """A shift on the metric's own scale: per cent, or percentage points of a share."""
    sign = "+" if signed else ""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{round(100 * value, _DECIMALS):{sign}.3g} {'%' if metric.scale == 'ratio' else 'pp'}"


def _in_unit(metric: ComparedMetric, value: float, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    if math.isinf(value):
        return "∞"
    if metric.unit == "s":
        return f"{1000 * value:{sign}.4g} ms"
    return f"{value:{sign}.4g} {metric.unit}" if metric.unit else f"{100 * value:{sign}.3g} %"


def _middle(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= _LEAST_P else f"< {_LEAST_P}"


def table_of(comparison: Comparison) -> tuple[Sequence[str], list[Sequence[str]]]:
    """The head and the lines of the table, one for each metric; without a verdict, that of a metric is left out."""
    # It would pass for one.
    shown = _JUDGED_FROM if comparison.verdict is Verdict.NO_VERDICT else len(_HEAD)
    return _HEAD[:shown], [_row(each)[:shown] for each in comparison.metrics]
