"""Page of a comparison of two series of load runs."""

from __future__ import annotations

import inspect
import shlex
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.charts.colours import STYLE
from keywords.engine.charts.intervals import IntervalLine, interval_chart
from keywords.engine.charts.sides import sides_chart
from keywords.engine.load.comparison.baseline import PREFIX
from keywords.engine.load.comparison.compare import bounds
from keywords.engine.load.comparison.text import sentence, table_of
from keywords.engine.load.comparison.verdicts import Verdict
from keywords.engine.load.metrics.definitions import DEFINITIONS
from keywords.engine.pages.render import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.charts.chart import Chart
    from keywords.engine.load.comparison.metrics import ComparedMetric
    from keywords.engine.load.comparison.series import Series
    from keywords.engine.load.comparison.verdicts import Comparison, MetricVerdict

_TEMPLATES: Final = Path(__file__).with_name("templates")
_RATES: Final = {
    "rps": "Whole answers that ended within a stage, per second of it.",
    "error_rate": "Failed requests of all that ended.",
}
_HOW_TO_READ: Final = (
    "Each run gives one figure; Mann and Whitney's test compares the runs of both sides, Holm's correction allows for "
    "the number of metrics, and the shift is Hodges and Lehmann's. The grey band is the practical threshold: a shift "
    "whose whole interval lies in it is SAME, one whose whole interval lies beyond it is FASTER or SLOWER."
)


def write_comparison_page(path: Path, comparison: Comparison) -> Path:
    """Write the page of a comparison: the verdict first, what it means, charts, the table, both sides.

    Args:
        path: the file; its folder is made.
        comparison: with or without a verdict.

    Raises:
        OSError: the file cannot be written.
    """
    first, second = comparison.first, comparison.second
    head, rows = table_of(comparison)
    return write_page(
        path,
        _TEMPLATES,
        "comparison.html",
        title=f"{second.name} against {first.name}",
        eyebrow="LLM gateway, comparison of load",
        pills=[str(comparison.verdict)],
        heading=comparison.heading,
        sentence=sentence(comparison),
        story=list(_story(comparison)),
        charts=[chart.as_figure() for chart in comparison_charts(comparison)],
        head=head,
        rows=rows,
        left_out=comparison.left_out,
        sides=[_side("judged", second), _side("held against", first)],
        definitions=list(_definitions(comparison)),
        command=_command(comparison),
        chart_style=STYLE,
    )


def comparison_charts(comparison: Comparison) -> list[Chart]:
    """The shift of each metric with its interval, then the runs of both sides, metric by metric."""
    first, second = comparison.first, comparison.second
    where = f"Client: {_machines(second)}." if _machines(second) == _machines(first) else "On different machines."
    lines = [
        IntervalLine(
            each.metric.name,
            100 * each.shift.value,
            *_ends(each),
            _verdict(comparison, each),
            _band(each.metric),
        )
        for each in comparison.metrics
        if each.metric.scale == "ratio"
    ]
    n = f"n = {len(first.usable)} and {len(second.usable)} runs."
    charts = [
        interval_chart(
            "Before and after",
            f"% more than {first.name}: shift with its 95 % interval",
            lines,
            notes=(n, "Bands are practical thresholds.", where),
        )
    ]
    for each in comparison.metrics:
        if not any((*each.first, *each.second)):  # such as errors, where nothing failed
            continue
        scale, unit = _shown(each)
        sides = [(first.name, each.first), (second.name, each.second)]
        scaled = [(name, [scale * value for value in values]) for name, values in sides]
        title = ", ".join(filter(None, (each.metric.name, _verdict(comparison, each))))
        charts.append(sides_chart(title, unit, scaled, notes=(_better(each), where)))
    return [chart for chart in charts if chart is not None]


def _verdict(comparison: Comparison, each: MetricVerdict) -> str:
    """The verdict of a metric; without one of the comparison, it would pass for one."""
    return "" if comparison.verdict is Verdict.NO_VERDICT else str(each.verdict)


def _command(comparison: Comparison) -> str:
    """The command that compares again: by the numbers of the runs, as two servers have no series of their addresses."""
    names = [
        each.name if each.name.startswith(PREFIX) else ",".join(str(run.run) for run in each.runs)
        for each in (comparison.first, comparison.second)
    ]
    return shlex.join(["qa", "compare", *names])


def _ends(each: MetricVerdict) -> tuple[float, float]:
    """The interval of a relative shift in per cent; nan where it goes from nothing to infinity, of too few runs."""
    if each.shift.low <= -1 and each.shift.high == inf:
        return nan, nan
    return 100 * each.shift.low, 100 * each.shift.high


def _band(metric: ComparedMetric) -> tuple[float, float]:
    """The shifts without a practical difference, in per cent."""
    least, most = bounds(metric)
    return 100 * least, 100 * most


def _shown(each: MetricVerdict) -> tuple[float, str]:
    """What figures are multiplied with, and their unit after that."""
    unit = each.metric.unit
    return (1000.0, "ms") if unit == "s" else (1.0, unit) if unit else (100.0, "%")


def _better(each: MetricVerdict) -> str:
    return f"{each.metric.better.capitalize()} is better."


def _story(comparison: Comparison) -> Iterator[str]:
    first, second = comparison.first, comparison.second
    turns = f" They were measured in turns, in {comparison.rounds} rounds." if comparison.rounds else ""
    yield f"{len(second.runs)} load runs of {second.name} are held against {len(first.runs)} of {first.name}.{turns}"
    yield from (text[:1].upper() + text[1:] + "." for text in (*comparison.reasons, *comparison.cautions))
    needed = {each.metric.name: each.runs_needed for each in comparison.metrics if each.runs_needed}
    if needed:
        counts = ", ".join(f"{count} for {name}" for name, count in needed.items())
        yield f"Runs a side that would probably tell, if they vary as these do: {counts}."
    yield _HOW_TO_READ


def _side(role: str, series: Series) -> dict[str, Any]:
    return {
        "title": f"{series.name}, {role}",
        "rows": [
            (str(run.run), run.load, run.workload_hash or "unknown", run.machine or "unknown", run.problem or "none")
            for run in series.runs
        ],
    }


def _machines(series: Series) -> str:
    return "; ".join(dict.fromkeys(run.machine or "an unknown machine" for run in series.runs))


def _definitions(comparison: Comparison) -> Iterator[tuple[str, str]]:
    for each in comparison.metrics:
        metric = each.metric
        of = inspect.getdoc(DEFINITIONS[metric.of]) if metric.of in DEFINITIONS else _RATES[metric.of]
        of_what = f"p{metric.statistic} of {metric.of}: " if metric.statistic else ""
        yield metric.name, f"{of_what}{' '.join((of or '').split())}"
