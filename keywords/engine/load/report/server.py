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


def server_table(signals: Sequence[SignalValue], pages_at: Sequence[float]) -> ReportTable | None:
    """The signals over the window from right before the load to right after it; None without any.

    Args:
        signals: what the server said.
        pages_at: when it was asked, by `clock.now()`.
    """
    rows = [row for signal in get_args(Signal) if (row := _row(signal, signals, pages_at)) is not None]
    if not rows:
        return None
    return ReportTable("The server's own metrics", _HEAD, tuple(rows))


def server_remarks(
    signals: Sequence[SignalValue], pages_at: Sequence[float], problem: str | None, missed: int
) -> Iterator[str]:
    """What the server does not say, and why.

    Args:
        signals: what it said.
        pages_at: when it was asked, by `clock.now()`.
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
    hits, queries = (_ends(signal, signals, pages_at) for signal in ("prefix_hits", "prefix_queries"))
    if hits and queries and queries[1] > queries[0] and hits[1] >= hits[0]:
        share = per_cent((hits[1] - hits[0]) / (queries[1] - queries[0]))
        yield f"{share} of the prompt tokens that were looked up stood in the server's prefix cache"


def _row(signal: Signal, signals: Sequence[SignalValue], pages_at: Sequence[float]) -> tuple[str, ...] | None:
    values = list(_at_each_moment(signal, signals).values())
    ends = _ends(signal, signals, pages_at)
    if not values or ends is None:
        return None
    unit, scale = _UNITS.get(signal, ("", 1.0))
    if signal in _COUNTERS:
        first, last = ends
        growth = number(last - first) if last >= first else "fell: the server began anew"
        return (signal, unit, str(len(values)), number(first), *(NOTHING,) * 3, number(last), growth)
    chosen = (values[0], min(values), median(values), max(values), values[-1])
    return (signal, unit, str(len(values)), *(number(value, scale) for value in chosen), NOTHING)


def _ends(signal: str, signals: Sequence[SignalValue], pages_at: Sequence[float]) -> tuple[float, float] | None:
    """A counter before the load and after it, 0 where its series had not begun; None if the server lacks it."""
    values = _at_each_moment(signal, signals)
    return (values.get(pages_at[0], 0.0), values.get(pages_at[-1], 0.0)) if values else None


def _at_each_moment(signal: str, signals: Sequence[SignalValue]) -> dict[float, float]:
    """Its values in the order of time, the series of one moment as one."""
    series: dict[float, list[float]] = {}
    for each in signals:
        if each.signal == signal:
            series.setdefault(each.at_s, []).append(each.value)
    return {at_s: max(values) if signal in _GREATEST else sum(values) for at_s, values in series.items()}
