"""Distribution of a metric as a curve: which share of the requests took at most so long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.charts.canvas import draw
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import LIMIT, series_colour, series_dashes
from keywords.engine.charts.scales import is_wide, use_logarithm
from keywords.engine.charts.thinning import largest_step, ranks_to_draw
from keywords.engine.statistics.bands import distribution_band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from keywords.engine.charts.scales import Limit

_BAND = "Bands hold the whole true curve with 95 % (Dvoretzky, Kiefer, Wolfowitz), if requests are independent."


@dataclass(frozen=True, slots=True)
class Sampled:
    """Values of one population.

    Attributes:
        name: of the population, such as `10 users`.
        values: in the unit of the chart, none nan, shape (n,).
        infinite: further values that never came, such as those of failed requests.
    """

    name: str
    values: NDArray[np.float64]
    infinite: int = 0


def distribution_chart(
    title: str, unit: str, populations: Sequence[Sampled], *, limits: Sequence[Limit] = (), notes: Sequence[str] = ()
) -> Chart | None:
    """Draw the empirical distribution function of each population with its band.

    A curve whose requests failed ends below 100 %: the rest never came. None if no population has a value.

    Args:
        title: of the chart.
        unit: of the values.
        populations: one curve each.
        limits: vertical lines; a cross marks the share that has to lie left of it.
        notes: to be put after those on n and the band.
    """
    shown = [one for one in populations if len(one.values)]
    if not shown:
        return None
    thinned = [(one, np.sort(one.values), ranks_to_draw(len(one.values))) for one in shown]
    counts = ", ".join(f"{one.name}: n = {len(one.values) + one.infinite:,}".replace(",", "\u202f") for one in shown)
    told = [f"{counts}." if len(shown) > 1 or shown[0].name else f"n = {len(shown[0].values) + shown[0].infinite}."]
    if failed := sum(one.infinite for one in shown):
        told.append(f"{failed} failed requests count as infinite: their curve ends below 100 %.")
    steps = [largest_step(ranks, len(values)) for _, values, ranks in thinned]
    if max(steps) > 0:
        told.append(
            f"Curves go through chosen values, always the 20 smallest and the 20 largest; at most "
            f"{100 * max(steps):.2g} % of the values lie between two of them."
        )

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        everything = np.concatenate([values[ranks] for _, values, ranks in thinned])
        _set_axis(axes, np.append(everything, [limit.value for limit in limits]))
        for number, (one, values, ranks) in enumerate(thinned):
            _curve(axes, number, one, values[ranks], ranks)
        for limit in limits:
            axes.axvline(limit.value, color=LIMIT, linewidth=1.2, linestyle=(0, (4, 2)))
            place = axes.transAxes.inverted().transform(axes.transData.transform((limit.value, 0)))[0]
            axes.annotate(
                limit.label,
                (limit.value, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 4),
                textcoords="offset points",
                ha="right" if place > 0.5 else "left",  # noqa: PLR2004  # the middle
                color=LIMIT,
                fontsize=10.5,
            )
            if limit.share is not None:
                axes.plot([limit.value], [limit.share], marker="+", markersize=11, markeredgewidth=2, color=LIMIT)
        axes.set_ylim(0, 1.02)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 0.95], ["0 %", "25 %", "50 %", "75 %", "95 %"])
        axes.set_xlabel(unit)
        if len(shown) > 1 or failed:
            axes.legend(loc="lower right")

    return Chart(title, (*told, _BAND, *notes), draw(f"{title}, {unit}. {' '.join(told)}", paint))


def _set_axis(axes: Axes, values: NDArray[np.float64]) -> None:
    low, high = float(values.min()), float(values.max())
    if is_wide(values):
        axes.set_xlim(low / 1.1, high * 1.25)
        use_logarithm(axes, "x")
        return
    room = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_xlim(max(0.0, low - room) if low >= 0 else low - room, high + 2 * room)


def _curve(axes: Axes, number: int, one: Sampled, values: NDArray[np.float64], ranks: NDArray[np.int64]) -> None:
    whole = len(one.values) + one.infinite
    shares = (ranks + 1) / whole
    half, right = distribution_band(whole), axes.get_xlim()[1]
    # From 0 before the smallest value, and level after the largest, where the failed ones would be.
    x, y = np.concatenate([values[:1], values, [right]]), np.concatenate([[0.0], shares, shares[-1:]])
    colour = series_colour(number)
    low, high = np.clip(y - half, 0, 1), np.clip(y + half, 0, 1)
    axes.fill_between(x, low, high, step="post", color=colour, alpha=0.14, linewidth=0)
    failed = f"{one.infinite} failed = ∞" if one.infinite else ""
    name = f"{one.name} ({failed})" if one.name and failed else one.name or failed
    axes.step(x, y, where="post", color=colour, linestyle=series_dashes(number), label=name)
