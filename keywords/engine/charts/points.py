"""Points in a plane: how one quantity goes with another, and which choices are beaten by no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.charts.canvas import draw
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import DIM, INK, series_colour, series_dashes
from keywords.engine.charts.scales import is_wide, limit_across, use_logarithm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from keywords.engine.charts.scales import Limit

_ROOM = 1.18
"""How far an axis goes beyond the largest value."""
_LETTER_WIDTH, _NAME_HEIGHT = 0.017, 0.06
"""Of a point's name, as shares of the picture."""


@dataclass(frozen=True, slots=True)
class Point:
    """A measured point.

    Attributes:
        name: beside it, such as `10 users`; empty for none.
        x: in the unit of the horizontal axis.
        y: in the unit of the vertical axis.
        low: lower end of y's interval; None where there is none.
        high: upper end; infinite where too many requests failed.
    """

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None


def curve_chart(
    title: str,
    x_label: str,
    y_label: str,
    curves: Sequence[tuple[str, Sequence[Point]]],
    *,
    limits: Sequence[Limit] = (),
    notes: Sequence[str] = (),
) -> Chart | None:
    """Draw curves through points with their intervals. None where no curve has two points.

    Args:
        title: of the chart.
        x_label: of the horizontal axis, with its unit.
        y_label: of the vertical axis, with its unit.
        curves: a name and its points, in the order in which they are joined.
        limits: horizontal lines.
        notes: below the title.
    """
    shown = [(name, [point for point in points if np.isfinite(point.y)]) for name, points in curves]
    shown = [(name, points) for name, points in shown if points]
    if max((len(points) for _, points in shown), default=0) < 2:  # noqa: PLR2004  # one point is no curve
        return None

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, (name, points) in enumerate(shown):
            colour = series_colour(number)
            x, y = [point.x for point in points], [point.y for point in points]
            axes.plot(x, y, color=colour, linestyle=series_dashes(number), marker="o", markersize=4.5, label=name)
            _intervals(axes, points, colour)
        everything = [point.y for _, points in shown for point in points] + [limit.value for limit in limits]
        if is_wide(everything):
            use_logarithm(axes, "y")
        else:
            axes.set_ylim(0, _ROOM * max(everything))
        for limit in limits:
            limit_across(axes, limit)
        axes.set_xlim(0, _ROOM * max(point.x for _, points in shown for point in points))
        _name_points(axes, shown[0][1])
        axes.set_xlabel(x_label)
        axes.set_title(y_label, loc="left", color=DIM)
        if len(shown) > 1:
            axes.legend(loc="best")

    return Chart(title, tuple(notes), draw(f"{title}: {y_label} by {x_label}. {' '.join(notes)}", paint))


def pareto_chart(
    title: str, x_label: str, y_label: str, points: Sequence[Point], *, notes: Sequence[str] = ()
) -> Chart | None:
    """Draw points of which more is better in both directions, and the line of those that none beats in both.

    None where there are fewer than two.
    """
    if len(points) < 2:  # noqa: PLR2004  # nothing to choose between
        return None
    best = frontier(points)
    named = ", ".join(point.name for point in best)
    told = (f"On the line, beaten by no other point in both: {named}.", *notes)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        x, y = [point.x for point in best], [point.y for point in best]
        axes.step(x, y, where="pre", color=series_colour(0), linewidth=1.4)
        for point in points:
            is_best = point in best
            axes.plot([point.x], [point.y], marker="o", markersize=7 if is_best else 5, color=series_colour(0),
                      markerfacecolor=series_colour(0) if is_best else "none")  # fmt: skip
        axes.set_xlim(0, _ROOM * max(point.x for point in points))
        axes.set_ylim(0, _ROOM * max(point.y for point in points))
        _name_points(axes, points)
        axes.set_xlabel(x_label)
        axes.set_title(y_label, loc="left", color=DIM)

    return Chart(title, told, draw(f"{title}: {y_label} by {x_label}. {' '.join(told)}", paint))


def frontier(points: Sequence[Point]) -> list[Point]:
    """The points that no other one beats in x and in y, by ascending x.

    Source: V. Pareto's optimum; of equal points each stays.
    """
    return sorted(
        (
            one
            for one in points
            if not any(
                other.x >= one.x and other.y >= one.y and (other.x > one.x or other.y > one.y) for other in points
            )
        ),
        key=lambda point: point.x,
    )


def _intervals(axes: Axes, points: Sequence[Point], colour: str) -> None:
    for point in points:
        if point.low is None or point.high is None:
            continue
        if np.isfinite(point.high):
            axes.vlines(point.x, point.low, point.high, color=colour, linewidth=1.3)
        else:  # to the upper edge, and beyond it
            axes.annotate("", (point.x, 1), (point.x, point.low), xycoords=("data", "axes fraction"),
                          textcoords="data", arrowprops={"arrowstyle": "->", "color": colour})  # fmt: skip


def _name_points(axes: Axes, points: Sequence[Point]) -> None:
    """Write each point's name above it, and above the names of points in the same place."""
    written: list[tuple[float, float, float]] = []
    to_axes = axes.transData + axes.transAxes.inverted()
    for point in sorted(points, key=lambda one: (one.x, one.y)):
        x, y = to_axes.transform((point.x, point.y))
        half = _LETTER_WIDTH * len(point.name) / 2
        while any(abs(x - there) < half + wide and abs(y - above) < _NAME_HEIGHT for there, above, wide in written):
            y += _NAME_HEIGHT
        written.append((x, y, half))
        axes.annotate(
            point.name,
            (x, y),
            xycoords="axes fraction",
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=10.5,
        )
