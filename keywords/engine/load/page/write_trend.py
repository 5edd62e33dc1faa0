"""Writing of a trend: as tables for a terminal and as a page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keywords.engine.charts.colours import STYLE
from keywords.engine.charts.trend import Period, trend_chart
from keywords.engine.load.page.charts import machine_of
from keywords.engine.load.page.trend import FEWEST_FOR_INTERVAL, METRICS
from keywords.engine.load.report.content import ReportTable
from keywords.engine.load.report.numbers import NOTHING, TOO_FEW, interval, number
from keywords.engine.pages.render import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.charts.chart import Chart
    from keywords.engine.load.page.trend import Trend, TrendMetric

_TEMPLATES: Final = Path(__file__).with_name("templates")
_HEAD: Final = ("week of", "runs", "median", "95 % interval", "against the last week with one")
HOW_TO_READ: Final = (
    f"A week's interval is that of its median by order statistics, and needs {FEWEST_FOR_INTERVAL} runs. A change is "
    "marked where it does not touch that of the last week with one; that is no gate: `qa compare` judges two series."
)


def trend_tables(trend: Trend) -> list[ReportTable]:
    """One table for each metric that has figures."""
    tables = []
    for metric in METRICS:
        rows = tuple(
            (
                week.monday.isoformat(),
                str(len(week.values)),
                number(week.median),
                TOO_FEW if week.interval is None else interval(week.interval),
                week.change or NOTHING,
            )
            for week in trend.weeks(metric)
        )
        if rows:
            tables.append(ReportTable(f"{metric.title}, {metric.unit}", _HEAD, rows))
    return tables


def trend_sentences(trend: Trend) -> Iterator[str]:
    """How many runs, which were left out, and when the conditions changed."""
    first = f" since {_day(trend.runs[0].run.started_at)}" if trend.runs else ""
    yield f"{len(trend.runs)} runs of series {trend.series!r} that are worth believing{first}."
    if trend.left_out:
        yield f"Left out, since INVALID, interrupted or without an end: run {', '.join(map(str, trend.left_out))}."
    for at, what in trend.changes:
        yield f"{at:%Y-%m-%d %H:%M}: other {what} than in the run before."


def write_trend_page(path: Path, trend: Trend) -> Path:
    """Write the page of a trend.

    Args:
        path: the file; its folder is made.
        trend: with at least one run.

    Raises:
        OSError: the file cannot be written.
    """
    return write_page(
        path,
        _TEMPLATES,
        "trend.html",
        title=f"Trend of {trend.series}",
        eyebrow="LLM gateway, load week by week",
        pills=[],
        sentences=[*trend_sentences(trend), HOW_TO_READ],
        charts=[chart.as_figure() for metric in METRICS if (chart := _chart(trend, metric)) is not None],
        tables=trend_tables(trend),
        chart_style=STYLE,
    )


def _chart(trend: Trend, metric: TrendMetric) -> Chart | None:
    values = [
        (datetime.fromtimestamp(run.run.started_at), run.figures[metric.name])  # noqa: DTZ006  # as the weeks
        for run in trend.runs
        if metric.name in run.figures
    ]
    weeks = trend.weeks(metric)
    direction = "Lower is better." if metric.lower_is_better else "Higher is better."
    where = f"Client at last: {machine_of(trend.runs[-1].run)}." if trend.runs else ""
    return trend_chart(
        metric.title,
        metric.unit,
        values,
        [Period(week.monday, week.median, week.interval, week.change) for week in weeks],
        changes=trend.changes,
        notes=(direction, where),
    )


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d}"  # noqa: DTZ006  # as the weeks
