"""Trend: every run as a dot, each week's median with its interval, changes as upright lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keywords.engine.charts.canvas import draw
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import DIM, INK, series_colour
from keywords.engine.charts.scales import short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Period:
    """One period, such as a week.

    Attributes:
        begin: its first day.
        middle: of its values.
        interval: None where there are too few for one.
        mark: beside the middle, such as `worse`; empty for none.
    """

    begin: date
    middle: float
    interval: tuple[float, float] | None
    mark: str = ""


def trend_chart(
    title: str,
    unit: str,
    values: Sequence[tuple[datetime, float]],
    periods: Sequence[Period],
    *,
    changes: Sequence[tuple[datetime, str]] = (),
    notes: Sequence[str] = (),
) -> Chart | None:
    """Draw a series over the calendar. None without a finite value.

    Args:
        title: of the chart.
        unit: of the values.
        values: each run's moment and value.
        periods: in order of time.
        changes: moments at which something else was measured than before, and what changed.
        notes: below the title.
    """
    finite = [(at, value) for at, value in values if np.isfinite(value)]
    if not finite:
        return None
    numbered = ", ".join(f"{number}: {what}" for number, (_, what) in enumerate(changes, start=1))
    told = [f"n = {len(values)} runs."]
    told += [f"Upright lines: other conditions than before ({numbered})."] if changes else []
    told += [f"{len(values) - len(finite)} infinite, not drawn."] if len(finite) < len(values) else []

    def paint(figure: Figure) -> None:
        from matplotlib import dates as untyped  # noqa: PLC0415  # slow

        dates: Any = untyped
        axes = figure.add_subplot()
        axes.plot(
            [dates.date2num(at) for at, _ in finite], [value for _, value in finite], linestyle="none", marker="o",
            markersize=4, alpha=0.45, markeredgewidth=0, color=series_colour(0),
        )  # fmt: skip
        # A week's median stands in its middle.
        middles = [dates.date2num(period.begin) + 3.5 for period in periods]
        axes.plot(middles, [period.middle for period in periods], color=series_colour(1), marker="_", markersize=12,
                  markeredgewidth=2)  # fmt: skip
        for x, period in zip(middles, periods, strict=True):
            if period.interval is not None and np.isfinite(period.interval).all():
                axes.vlines(x, *period.interval, color=series_colour(1), linewidth=1.6)
            if period.mark:
                axes.annotate(period.mark, (x, period.middle), xytext=(0, 12), textcoords="offset points", ha="center",
                              color=INK)  # fmt: skip
        for number, (at, _) in enumerate(changes, start=1):
            axes.axvline(dates.date2num(at), color=DIM, linewidth=1, linestyle=(0, (2, 2)))
            axes.annotate(str(number), (dates.date2num(at), 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
                          textcoords="offset points", ha="center", color=DIM)  # fmt: skip
        locator = dates.AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        shown = [value for _, value in finite] + [one.middle for one in periods if np.isfinite(one.middle)]
        axes.set_ylim(0, 1.2 * max(shown) or 1.0)
        axes.yaxis.set_major_formatter(lambda value, _: short(value))
        axes.set_title(unit, loc="left", color=DIM, pad=14 if changes else None)

    return Chart(title, (*told, *notes), draw(f"{title}, {unit}. {' '.join(told)}", paint))
