"""What the samples of a window say: means, growth of counters, shares of slowed time; or the reason why nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from keywords.engine.gpu.signals import SIGNALS, SLOWED_BY, reasons_of
from keywords.engine.gpu.telemetry import Telemetry, Window
from keywords.engine.statistics.percentiles import TooFewValuesError, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTERS_OF_SLOWING = {
    "software power cap": "power_cap_ns",
    "software thermal slowdown": "thermal_slowdown_ns",
    "hardware thermal slowdown": "hardware_thermal_slowdown_ns",
    "power brake": "power_brake_ns",
}
"""The counter that measures the time of a reason; where a GPU has none, its bits are sampled."""


class NotMeasuredError(Exception):
    """A window has no such number; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A signal over a window.

    Attributes:
        count: number of samples.
        mean: of the samples, each weighing the same.
        low: the smallest.
        high: the largest.
        p95: None if there are too few samples for it.
    """

    count: int
    mean: float
    low: float
    high: float
    p95: float | None


def gauge(telemetry: Telemetry, signal: str, window: Window, device: int = 0) -> Gauge:
    """A signal over a window.

    Raises:
        NotMeasuredError: there is no value of it in the window.
    """
    values = [value for _, value in telemetry.series(signal, device, window)]
    if not values:
        raise NotMeasuredError(_why_none(telemetry, signal, window, device))
    try:
        high_end: float | None = percentile(values, 95)
    except TooFewValuesError:
        high_end = None
    return Gauge(len(values), sum(values) / len(values), min(values), max(values), high_end)


def growth(telemetry: Telemetry, counter: str, window: Window, device: int = 0) -> float:
    """By how much a counter grew, from the last sample before the window to the first one after its end.

    So nothing that happened in the window is missed; what happened within a second of its edges counts with it. A
    counter that is smaller than before was set back, and nobody knows by how much it grew.

    Raises:
        NotMeasuredError: there are not two values of it, or it was set back.
    """
    series = telemetry.series(counter, device, Window("all", float("-inf"), float("inf")))
    before = [place for place, (moment, _) in enumerate(series) if moment <= window.start_s]
    after = [place for place, (moment, _) in enumerate(series) if moment >= window.end_s]
    first, last = (before or [0])[-1], (after or [len(series) - 1])[0]
    if last <= first:
        raise NotMeasuredError(_why_none(telemetry, counter, window, device))
    values = [value for _, value in series[first : last + 1]]
    if any(later < earlier for earlier, later in pairwise(values)):
        raise NotMeasuredError(f"{counter} of GPU {device} was set back within the window '{window.name}'")
    return values[-1] - values[0]


def slowed_shares(telemetry: Telemetry, window: Window, device: int = 0) -> dict[str, float]:
    """The share of a window for which each reason held the clocks down, 0 to 1; reasons without any are left out.

    From the driver's counters of nanoseconds where there are some, else from the share of the samples with the reason's
    bit, which misses what is shorter than the time between samples. Idle time is no slowdown.

    Raises:
        NotMeasuredError: the GPU tells neither.
    """
    shares: dict[str, float] = {}
    reasons = [reasons_of(int(bits)) for _, bits in telemetry.series("event_reasons", device, window)]
    told = bool(reasons)
    for reason in SLOWED_BY:
        share = sum(reason in names for names in reasons) / len(reasons) if reasons else 0.0
        counter = COUNTERS_OF_SLOWING.get(reason)
        try:
            measured = growth(telemetry, counter, window, device) / 1e9 / window.length_s if counter else 0.0
            told = told or counter is not None
        except (NotMeasuredError, ZeroDivisionError):
            measured = 0.0
        if max(share, measured):
            shares[reason] = min(1.0, max(share, measured))
    if not told:
        raise NotMeasuredError(_why_none(telemetry, "event_reasons", window, device))
    return shares


def annotation(shares: Mapping[str, float]) -> str:
    """Evidence for a failed service level, such as `software power cap 38 % of the window`; empty without any."""
    return ", ".join(
        f"{reason} {share:.0%} of the window".replace("%", " %")
        for reason, share in sorted(shares.items(), key=lambda pair: -pair[1])
    )


def leaked_bytes(before: Mapping[str, int | None], after: Mapping[str, int | None]) -> dict[str, int | None]:
    """Memory of processes that came with a run and are still there after it, in bytes by process id.

    A process whose memory is not told has None. In a container the ids are the host's.
    """
    return {pid: used for pid, used in after.items() if pid not in before}


def _why_none(telemetry: Telemetry, signal: str, window: Window, device: int) -> str:
    reason = telemetry.reason(signal, device)
    if reason:
        return f"GPU {device} has no {signal} ({SIGNALS[signal].what}): {reason}"
    if gap := telemetry.gaps(window).get(signal):
        return f"{signal} of GPU {device} has no value in the window '{window.name}': {gap}"
    return f"no sample of {signal} lies in the window '{window.name}' of {window.length_s:.3f} s"
