"""What a server said of itself during a load run, as a table."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, get_args

from keywords.engine.load.report.content import ReportTable
from keywords.engine.load.report.numbers import NOTHING, number, per_cent
from keywords.engine.load.server_metrics.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.engine.load.server_metrics.signals import SignalValue

_COUNTERS = frozenset({"requests", "attempts", "prefix_hits", "prefix_queries"})
_GREATEST = frozenset({"breaker_state", "kv_cache_use"})
"""Of several series the greatest counts; those of all others are added up."""
_UNITS = {"kv_cache_use": ("%", 100.0), "memory": ("MB", 1e-6), "breaker_state": ("0 closed, 2 open", 1.0)}
_HEAD = ("signal", "unit", "values", "first", "least", "median", "greatest", "last", "growth")


def server_table(signals: Sequence[SignalValue]) -> ReportTable | None:
    """The signals over the window from right before the load to right after it; None without any."""
    rows = [row for signal in get_args(Signal) if (row := _row(signal, signals)) is not None]
    if not rows:
        return None
    return ReportTable("The server's own metrics", _HEAD, tuple(rows))


def server_remarks(signals: Sequence[SignalValue], problem: str | None, missed: int) -> Iterator[str]:
    """What the server does not say, and why.

    Args:
        signals: what it said.
        problem: why it said nothing; None if it did.
        missed: pages that could not be read after the first one.
    """
    if problem is not None:
        yield f"The server offers no metrics of its own: {problem}"
        return
    said = {each.signal for each in signals}
    if lacking := [signal for signal in get_args(Signal) if signal not in said]:
        yield f"The server's /metrics say nothing of {', '.join(lacking)}"
    if missed:
        yield f"{missed} times during the run, the server's /metrics could not be read"
    if (queries := _growth("prefix_queries", signals)) and (hits := _growth("prefix_hits", signals)) is not None:
        yield f"{per_cent(hits / queries)} of the prompt tokens that were looked up stood in the server's prefix cache"


def _row(signal: Signal, signals: Sequence[SignalValue]) -> tuple[str, ...] | None:
    values = _at_each_moment(signal, signals)
    if not values:
        return None
    unit, scale = _UNITS.get(signal, ("", 1.0))
    if signal in _COUNTERS:
        growth = _growth(signal, signals)
        shown = "fell: the server began anew" if growth is None else number(growth)
        return (signal, unit, str(len(values)), number(values[0]), *(NOTHING,) * 3, number(values[-1]), shown)
    chosen = (values[0], min(values), median(values), max(values), values[-1])
    return (signal, unit, str(len(values)), *(number(value, scale) for value in chosen), NOTHING)


def _growth(signal: Signal, signals: Sequence[SignalValue]) -> float | None:
    """Growth of a counter over the window, 0 for one that never came; None if it fell."""
    values = _at_each_moment(signal, signals)
    growth = values[-1] - values[0] if values else 0.0
    return growth if growth >= 0 else None


def _at_each_moment(signal: Signal, signals: Sequence[SignalValue]) -> list[float]:
    """Its values in the order of time, the series of one moment as one."""
    series: dict[float, list[float]] = {}
    for each in signals:
        if each.signal == signal:
            series.setdefault(each.at_s, []).append(each.value)
    return [max(values) if signal in _GREATEST else sum(values) for values in series.values()]
