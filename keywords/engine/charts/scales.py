"""Axes: which scale shows the values, limits across them, and numbers as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keywords.engine.charts.colours import LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_LOGARITHMIC_FROM = 20.0
"""Ratio of the largest to the smallest value from which on a linear axis would press most of them together."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit line: what a service level allows.

    Attributes:
        value: in the unit of the axis.
        label: the level as it is written, such as `ttft_p95 < 500 ms`.
        share: of the values that have to hold it, 0 to 1; None where it is not one of a percentile.
    """

    value: float
    label: str
    share: float | None = None


def is_wide(values: Sequence[float] | NDArray[np.float64]) -> bool:
    """Whether positive values are so far apart that a logarithmic axis shows them better."""
    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    return bool(len(found) and found.min() > 0 and found.max() / found.min() >= _LOGARITHMIC_FROM)


def use_logarithm(axes: Axes, which: Literal["x", "y"]) -> None:
    """Make an axis logarithmic, with numbers such as 20, 50 and 100 at its ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator  # noqa: PLC0415  # slow

    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis: Any = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    steps = (1.0, 2.0, 5.0) if high / max(low, 1e-12) < 10**2.2 else (1.0,)
    axis.set_major_locator(LogLocator(base=10, subs=steps, numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def short(value: float) -> str:
    """A number of three digits at most, such as 0.25, 12.5 or 1 200."""
    if not np.isfinite(value):
        return "∞"
    if abs(value) >= 1000:  # noqa: PLR2004  # thousands are set apart
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def limit_across(axes: Axes, limit: Limit) -> None:
    """Draw a limit of the vertical axis, with its text at the right end above the line."""
    axes.axhline(limit.value, color=LIMIT, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.annotate(
        limit.label,
        (1, limit.value),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 3),
        textcoords="offset points",
        ha="right",
        color=LIMIT,
        fontsize=10.5,
    )
