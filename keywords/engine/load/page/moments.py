"""A load run over time: its answers, what was under way, and what the server said, on one clock."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from keywords.engine.charts.timeline import Panel, Series, Span
from keywords.engine.load.report.numbers import scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keywords.engine.charts.scales import Limit
    from keywords.engine.load.page.stored import StoredLoad
    from keywords.engine.load.server_metrics.signals import Signal, SignalValue

_SLOT_LENGTHS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_SLOTS_MAX = 120
_MIB = 2.0**20
_GAUGES: Mapping[Signal, tuple[str, float]] = {
    "waiting": ("requests in the server's queue, by its own word", 1.0),
    "kv_cache_use": ("used share of the server's KV cache, %", 100.0),
    "breaker_state": ("state of the breakers: 0 closed, 1 half-open, 2 open", 1.0),
    "memory": ("resident memory of the server, MiB", 1 / _MIB),
}
_COUNTERS: Mapping[Signal, str] = {"attempts": "the server's requests to its backends, per second"}
"""What the server counts since its start; shown is its growth."""


def spans_of(load: StoredLoad) -> list[Span]:
    """The stages, in seconds since the first began."""
    return [
        Span(load.load_of(stage), begin - load.origin_s, end - load.origin_s)
        for stage, (begin, end) in load.summary.windows.items()
    ]


def panels_of(load: StoredLoad, limits: Sequence[Limit] = ()) -> list[Panel]:
    """Latency of each request, answers per second, requests under way, and the server's own signals.

    Args:
        load: of which.
        limits: of the time to first content, in milliseconds.
    """
    panels = [*_latency(load, limits), *_rates(load), *_under_way(load)]
    for signal, (label, scale) in _GAUGES.items():
        series = _gauge(load, signal, scale)
        # Breakers that stay closed say nothing.
        if any(one.values.any() for one in series):
            panels.append(Panel(label, series))
    for signal, label in _COUNTERS.items():
        if (grown := _growth(load, signal)) is not None:
            panels.append(Panel(label, (grown,)))
    return panels


def _latency(load: StoredLoad, limits: Sequence[Limit]) -> Iterator[Panel]:
    summary, samples = load.summary, load.summary.samples
    metric = "ttft_first_content" if summary.count("ttft_first_content") else "e2e"
    values = summary.values(metric)
    chosen = ~np.isnan(values) & summary.population(None)
    if not chosen.any():
        return
    scale, unit = scale_of(metric)
    name = "time to the first text" if metric == "ttft_first_content" else "time to the end of the answer"
    failures = samples.t_done[summary.population(None) & samples.failed] - load.origin_s
    marks = np.unique(np.round(failures[~np.isnan(failures)], 1))
    label = f"{name} by the moment of sending, {unit}" + ("; ✕ failed" if len(marks) else "")
    dots = Series("", samples.t_sent[chosen] - load.origin_s, values[chosen] * scale)
    yield Panel(label, (dots,), "dots", marks, tuple(limits) if metric == "ttft_first_content" else ())


def _rates(load: StoredLoad) -> Iterator[Panel]:
    samples = load.summary.samples
    slot_s = _slot_s(load)
    series = [_rate("whole answers", samples.t_done[samples.answered] - load.origin_s, slot_s)]
    if samples.failed.any():
        series.append(_rate("failed", samples.t_done[samples.failed] - load.origin_s, slot_s))
    if found := tuple(one for one in series if one is not None):
        yield Panel(f"answers per second, in slots of {slot_s:g} s", found)


def _rate(name: str, ends_s: NDArray[np.float64], slot_s: float) -> Series | None:
    ends_s = ends_s[~np.isnan(ends_s) & (ends_s >= 0)]
    if not len(ends_s):
        return None
    edges = np.arange(0.0, ends_s.max() + 2 * slot_s, slot_s)
    counts, _ = np.histogram(ends_s, edges)
    return Series(name, edges, np.append(counts / slot_s, 0.0))


def _slot_s(load: StoredLoad) -> float:
    length_s = sum(end - begin for begin, end in load.summary.windows.values())
    return next((slot for slot in _SLOT_LENGTHS_S if length_s / slot <= _SLOTS_MAX), _SLOT_LENGTHS_S[-1])


def _under_way(load: StoredLoad) -> Iterator[Panel]:
    """Requests of the client between their sending and their end: the most in each slot."""
    samples = load.summary.samples
    sent = ~np.isnan(samples.t_sent) & ~np.isnan(samples.t_done)
    if not sent.any():
        return
    moments = np.concatenate([samples.t_sent[sent], samples.t_done[sent]]) - load.origin_s
    steps = np.concatenate([np.ones(int(sent.sum())), -np.ones(int(sent.sum()))])
    order = np.lexsort((steps, moments))  # an end before a sending at the same moment
    moments, count = moments[order], np.cumsum(steps[order])
    series = [Series("client", *_most_in_slots(moments, count, _slot_s(load)))]
    series += [Series("server", one.at_s, one.values) for one in _gauge(load, "in_flight", 1.0)]
    yield Panel("requests under way" + (", by the word of" if len(series) > 1 else ""), tuple(series))


def _most_in_slots(
    moments: NDArray[np.float64], values: NDArray[np.float64], slot_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest value of a step function within each slot of time, those before 0 left out."""
    if not len(moments):
        return np.zeros(1), np.zeros(1)
    edges = np.arange(0.0, max(float(moments[-1]), 0.0) + 2 * slot_s, slot_s)
    # What held at a slot's beginning counts as within it.
    before = np.searchsorted(moments, edges, side="right") - 1
    held = np.where(before >= 0, values[before], 0.0)
    slots = np.searchsorted(edges, moments, side="right") - 1
    np.maximum.at(held, slots[slots >= 0], values[slots >= 0])
    return edges, held


def _gauge(load: StoredLoad, signal: Signal, scale: float) -> tuple[Series, ...]:
    """A signal over time: one series for each of its labels' values, the largest three."""
    found = sorted((one for one in load.signals if one.signal == signal), key=_label)
    series = []
    for label, values in groupby(found, _label):
        at_s, numbers = _totals(list(values))
        series.append(Series(label, at_s - load.origin_s, numbers * scale))
    return tuple(sorted(series, key=lambda one: -float(one.values.max()))[:3])


def _label(value: SignalValue) -> str:
    return " ".join(text for text in value.labels.values() if text) if value.signal == "breaker_state" else ""


def _totals(values: Sequence[SignalValue]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sum of all series of a signal at each moment."""
    at_s, places = np.unique([value.at_s for value in values], return_inverse=True)
    sums = np.zeros(len(at_s))
    np.add.at(sums, places, [value.value for value in values])
    return at_s, sums


def _growth(load: StoredLoad, signal: Signal) -> Series | None:
    values = [one for one in load.signals if one.signal == signal]
    if not values:
        return None
    at_s, sums = _totals(values)
    if len(at_s) < 2:  # noqa: PLR2004  # growth lies between two readings
        return None
    rates = np.diff(sums) / np.diff(at_s)
    return Series("", at_s - load.origin_s, np.append(np.maximum(rates, 0.0), 0.0))
