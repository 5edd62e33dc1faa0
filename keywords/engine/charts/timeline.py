"""Series over time: panels one below the other on one clock, stages as bands behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from keywords.engine.charts.canvas import WIDE, WIDTH, draw, shade
from keywords.engine.charts.chart import Chart
from keywords.engine.charts.colours import DIM, LIMIT, series_colour, series_dashes
from keywords.engine.charts.scales import is_wide, limit_across, short, use_logarithm
from keywords.engine.charts.thinning import SLOTS, dots_to_draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from keywords.engine.charts.scales import Limit

_PANEL, _TALL, _REST = 96, 150, 60


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time.

    Attributes:
        name: of the series; empty where the panel has only one.
        at_s: moments, seconds, shape (n,).
        values: in the unit of the panel, none nan, shape (n,).
    """

    name: str
    at_s: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        label: what it shows, with the unit.
        series: at least one.
        kind: dots are measurements of their own; steps hold until the next value.
        failures_at_s: moments that are marked at the upper edge, shape (m,).
        limits: horizontal lines.
    """

    label: str
    series: tuple[Series, ...]
    kind: Literal["dots", "steps"] = "steps"
    failures_at_s: NDArray[np.float64] | None = None
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A named part of the time, in seconds."""

    name: str
    begin_s: float
    end_s: float


def timeline_chart(
    title: str, panels: Sequence[Panel], spans: Sequence[Span], *, notes: Sequence[str] = ()
) -> Chart | None:
    """Draw panels on one clock, once for wide pages and once for phones. None without panels.

    Args:
        title: of the chart.
        panels: from top to bottom.
        spans: in order of time; every second one is shaded.
        notes: below the title.
    """
    if not panels:
        return None
    dots = [(len(one.values), len(dots_to_draw(one.at_s, one.values))) for panel in panels if panel.kind == "dots"
            for one in panel.series]  # fmt: skip
    there, drawn = sum(n for n, _ in dots), sum(n for _, n in dots)
    told = [f"{drawn} of {there} dots are drawn: in each slot of time the lowest, a middle and the highest."]
    told = [*(told if drawn < there else ()), *notes]
    label = f"{title}: {', '.join(panel.label for panel in panels)} over time. {' '.join(told)}"
    height = _REST + sum(_TALL if panel.kind == "dots" else _PANEL for panel in panels)

    def picture(width: float) -> str:
        return draw(
            label, lambda figure: _paint(figure, panels, spans, narrow=width < WIDE), width=width, height=height
        )

    return Chart(title, tuple(told), picture(WIDE), picture(WIDTH))


def _paint(figure: Figure, panels: Sequence[Panel], spans: Sequence[Span], *, narrow: bool) -> None:
    ratios = [_TALL if panel.kind == "dots" else _PANEL for panel in panels]
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    if spans:
        rows[0].set_xlim(min(0.0, spans[0].begin_s), max(span.end_s for span in spans))
    for axes, panel in zip(rows, panels, strict=True):
        _panel(axes, panel)
        shade(axes, [(span.begin_s, span.end_s) for span in spans])
    whole = rows[0].get_xlim()[1] - rows[0].get_xlim()[0]
    for span in spans:
        room = (span.end_s - span.begin_s) / (whole or 1.0) * (38 if narrow else 130)  # characters
        rows[0].annotate(
            span.name if len(span.name) <= room else span.name.split()[0],
            ((span.begin_s + span.end_s) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 20),
            textcoords="offset points",
            ha="center",
            color=DIM,
            annotation_clip=False,
        )
    rows[-1].set_xlabel("seconds since the first stage began")


def _panel(axes: Axes, panel: Panel) -> None:
    everything = np.concatenate([one.values for one in panel.series])
    for number, one in enumerate(panel.series):
        colour = series_colour(number)
        if panel.kind == "dots":
            chosen = dots_to_draw(one.at_s, one.values)
            axes.plot(one.at_s[chosen], one.values[chosen], linestyle="none", marker="o", markersize=2.6, alpha=0.65,
                      markeredgewidth=0, color=colour, label=one.name)  # fmt: skip
        else:
            axes.step(one.at_s, one.values, where="post", color=colour, linestyle=series_dashes(number),
                      linewidth=1.5, label=one.name)  # fmt: skip
    if panel.kind == "dots" and is_wide(everything):
        use_logarithm(axes, "y")
    else:
        high = float(np.append(everything, [limit.value for limit in panel.limits]).max(initial=0.0)) or 1.0
        axes.set_ylim(0, 1.25 * high)
        axes.locator_params(axis="y", nbins=4)
        axes.yaxis.set_major_formatter(lambda value, _: short(value))
    for limit in panel.limits:
        limit_across(axes, limit)
    if panel.failures_at_s is not None and len(panel.failures_at_s):
        slot_s = np.ptp(axes.get_xlim()) / SLOTS
        marked = np.unique(np.round(panel.failures_at_s / slot_s)) * slot_s
        axes.plot(marked, np.full(len(marked), 0.985), linestyle="none", marker="x", markersize=4, markeredgewidth=1,
                  color=LIMIT, transform=axes.get_xaxis_transform(), clip_on=False)  # fmt: skip
    axes.set_title(panel.label, loc="left", pad=4)
    axes.grid(visible=False, axis="x")
    if len(panel.series) > 1:
        axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.94), ncols=len(panel.series), borderaxespad=0,
                    columnspacing=1.2)  # fmt: skip
