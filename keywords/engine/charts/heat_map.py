"""Heat map: one number for each combination of two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.charts.canvas import HEIGHT, WIDTH, draw
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import INK, SERIES
from keywords.engine.charts.scales import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

_DEEPEST = 0.6
"""Opacity of the largest value: the number on it stays legible in light and in dark."""
_ROW, _REST = 44, 74


def heat_map(
    title: str,
    unit: str,
    rows: tuple[str, Sequence[float]],
    columns: tuple[str, Sequence[float]],
    cells: Mapping[tuple[float, float], float | None],
    *,
    notes: Sequence[str] = (),
) -> Chart | None:
    """Draw a table whose cells are the deeper the larger their number is. None without a number.

    Args:
        title: of the chart.
        unit: of the numbers in the cells.
        rows: name and values of the vertical parameter.
        columns: name and values of the horizontal one.
        cells: the number at each row's and column's value; None where too little was measured for one.
        notes: below the title.
    """
    if not any(value is not None for value in cells.values()):
        return None
    (row_name, down), (column_name, across) = rows, columns
    found = np.array([value for value in cells.values() if value is not None])
    low, span = float(found.min()), float(np.ptp(found)) or 1.0

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for y, row in enumerate(down):
            for x, column in enumerate(across):
                value = cells.get((row, column))
                if value is not None:
                    depth = 0.06 + (_DEEPEST - 0.06) * (value - low) / span
                    axes.axvspan(x - 0.48, x + 0.48, 1 - (y + 0.97) / len(down), 1 - (y + 0.03) / len(down),
                                 color=SERIES[0], alpha=depth, linewidth=0)  # fmt: skip
                missing = "n too small" if (row, column) in cells else "not run"
                axes.text(x, y, missing if value is None else short(value), ha="center", va="center", color=INK)
        axes.set_xlim(-0.5, len(across) - 0.5)
        axes.set_ylim(len(down) - 0.5, -0.5)
        axes.set_xticks(range(len(across)), [short(value) for value in across])
        axes.set_yticks(range(len(down)), [short(value) for value in down])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_xlabel(column_name)
        axes.set_ylabel(row_name)

    told = (f"Numbers are {unit}; the deeper, the larger.", *notes)
    height = min(_REST + _ROW * len(down), 2 * HEIGHT)
    return Chart(
        title, told, draw(f"{title}, {unit}, by {row_name} and {column_name}", paint, width=WIDTH, height=height)
    )
