"""Two sides beside each other: every run as a dot, with each side's median."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.charts.canvas import draw
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import DIM, series_colour
from keywords.engine.charts.scales import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

_HEIGHT = 230


def sides_chart(
    title: str, unit: str, sides: Sequence[tuple[str, Sequence[float]]], *, notes: Sequence[str] = ()
) -> Chart | None:
    """Draw the figures of each side's runs. None where no side has a finite one.

    Args:
        title: of the chart.
        unit: of the figures.
        sides: a name, and one figure of each run in the order of the runs.
        notes: below the title.
    """
    finite = {name: [value for value in values if np.isfinite(value)] for name, values in sides}
    if not any(finite.values()):
        return None
    told = [f"n = {', '.join(f'{len(values)} ({name})' for name, values in sides)} runs; dashes are medians."]
    if missing := sum(len(values) for _, values in sides) - sum(map(len, finite.values())):
        told.append(f"{missing} infinite, not drawn.")

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, (name, values) in enumerate(sides):
            colour = series_colour(number)
            spread = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1)
            axes.plot(number + spread, values, linestyle="none", marker="o", markersize=5, alpha=0.6,
                      markeredgewidth=0, color=colour)  # fmt: skip
            if finite[name]:
                axes.hlines(median(values), number - 0.26, number + 0.26, color=colour, linewidth=2)
        axes.set_xlim(-0.6, len(sides) - 0.4)
        axes.set_ylim(0, 1.15 * max(value for values in finite.values() for value in values) or 1.0)
        axes.set_xticks(range(len(sides)), [name for name, _ in sides])
        axes.yaxis.set_major_formatter(lambda value, _: short(value))
        axes.grid(visible=False, axis="x")
        axes.set_title(unit, loc="left", color=DIM)

    return Chart(title, (*told, *notes), draw(f"{title}, {unit}. {' '.join(told)}", paint, height=_HEIGHT))
