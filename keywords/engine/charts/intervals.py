"""Intervals one below the other: how far the second side is from the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.charts.canvas import WIDTH, draw
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import BAND, DIM, INK, LIMIT, series_colour
from keywords.engine.charts.scales import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE, _REST = 46, 62


@dataclass(frozen=True, slots=True)
class IntervalLine:
    """One line.

    Attributes:
        name: of what was measured.
        value: in the unit of the chart; None where there is none.
        low: lower end; infinite where it is unknown, nan where there is no interval.
        high: upper end.
        note: in the place of a missing value, or after it, such as the verdict.
        band: ends of the differences that do not matter; None for none.
    """

    name: str
    value: float | None
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""
    band: tuple[float, float] | None = None


def interval_chart(
    title: str,
    unit: str,
    lines: Sequence[IntervalLine],
    *,
    zero: bool = True,
    notes: Sequence[str] = (),
) -> Chart | None:
    """Draw each line's value with its interval. None without lines.

    Args:
        title: of the chart.
        unit: of the values, with what it means to lie right or left of 0.
        lines: from top to bottom.
        zero: whether 0 is marked: no difference.
        notes: below the title.
    """
    if not lines:
        return None
    ends = [end for line in lines if line.value is not None for end in (line.low, line.high, line.value)]
    ends = [end for end in ends if np.isfinite(end)] + [0.0] * zero
    ends += [end for line in lines if line.band is not None for end in line.band]
    if not ends:
        ends = [0.0]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        room = 0.08 * (max(ends) - min(ends)) or 1.0
        axes.set_xlim(min(ends) - room, max(ends) + room)
        axes.set_ylim(len(lines) - 0.4, -0.75)
        if zero:
            axes.axvline(0, color=DIM, linewidth=1.0)
        for place, line in enumerate(lines):
            _line(axes, place, line)
        axes.set_yticks([])
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(unit)

    label = f"{title}, {unit}. " + "; ".join(_said(line) for line in lines)
    return Chart(title, tuple(notes), draw(label, paint, width=WIDTH, height=_REST + _LINE * len(lines)))


def _line(axes: Axes, place: int, line: IntervalLine) -> None:
    left, right = axes.get_xlim()
    if line.band is not None:
        axes.fill_between(line.band, place - 0.22, place + 0.22, color=BAND, linewidth=0, zorder=0)
        axes.vlines(line.band, place - 0.22, place + 0.22, color=LIMIT, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.text(left, place - 0.38, f"{line.name}  {_number(line)}", va="center", color=INK)
    if line.value is None:
        return
    # What is infinite lies at its own edge.
    low, value, high = (float(np.clip(each, left, right)) for each in (line.low, line.value, line.high))
    axes.plot([value], [place], marker="o", markersize=7, color=series_colour(0))
    if not (np.isnan(low) or np.isnan(high)):
        axes.hlines(place, low, high, color=series_colour(0), linewidth=3, alpha=0.55)


def _number(line: IntervalLine) -> str:
    if line.value is None:
        return line.note
    if np.isnan(line.low) or np.isnan(line.high):
        return f"{short(line.value)} (no interval) {line.note}".rstrip()
    return f"{short(line.value)} ({short(line.low)} … {short(line.high)}) {line.note}".rstrip()


def _said(line: IntervalLine) -> str:
    return f"{line.name} {_number(line)}"
