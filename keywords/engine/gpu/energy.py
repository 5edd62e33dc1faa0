"""Energy of a window by the driver's counter, beside the integral of the power; energy per token with its quality."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from keywords.engine.gpu.telemetry import GAP_PERIODS
from keywords.engine.gpu.windows import NotMeasuredError, gauge

if TYPE_CHECKING:
    from keywords.engine.gpu.telemetry import Telemetry, Window

PERIODS_MIN: Final = 10
"""Updates of the counter that a window needs: so one update more or less is a tenth at most."""
_POWERS: Final = ("power_instant_w", "power_average_w")


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one GPU over a window.

    Attributes:
        joules: by the counter, else by the integral of the power.
        seconds: between the two samples that it is taken between.
        integral_j: of the power over the same time; None if no power is told without gaps.
        idle_j: what the GPU takes anyway in this time, by its power in the idle window; None if there is none.
        quality: how it was measured, in words.
    """

    joules: float
    seconds: float
    integral_j: float | None
    idle_j: float | None
    quality: str

    @property
    def disagreement(self) -> float | None:
        """How far the integral is from the counter, as a share of the counter; None without both."""
        return abs(self.integral_j - self.joules) / self.joules if self.integral_j and self.joules else None

    @property
    def net_j(self) -> float | None:
        """Joules beyond idling; None without an idle window."""
        return None if self.idle_j is None else self.joules - self.idle_j


def update_period_s(telemetry: Telemetry, device: int = 0) -> float:
    """How often the energy counter changes: the median time between two changes of it that were seen.

    A period shorter than the time between samples shows as that time.

    Raises:
        NotMeasuredError: the counter changed fewer than three times.
    """
    series = telemetry.series("energy_j", device, telemetry.whole())
    changes = [after for (_, before), (after, value) in pairwise(series) if value != before]
    gaps = sorted(later - earlier for earlier, later in pairwise(changes))
    if len(gaps) < 2:  # noqa: PLR2004  # two gaps are three changes
        reason = telemetry.reason("energy_j", device) or f"it changed {len(changes)} times in {len(series)} samples"
        raise NotMeasuredError(f"The update period of the energy counter of GPU {device} is not known: {reason}")
    return gaps[len(gaps) // 2]


def energy(telemetry: Telemetry, window: Window, device: int = 0, idle: Window | None = None) -> Energy:
    """Energy over a window.

    Args:
        telemetry: of the run.
        window: the run.
        device: the GPU's index.
        idle: a window in which nothing was asked of the GPU.

    Raises:
        NotMeasuredError: neither counter nor power is told, or the window is too short for them.
    """
    power, label = _power(telemetry, window, device)
    counter = telemetry.series("energy_j", device, window)
    idle_w = _idle_power_w(telemetry, idle, device)
    if counter:
        period_s = update_period_s(telemetry, device)
        seconds = counter[-1][0] - counter[0][0]
        if seconds < PERIODS_MIN * period_s:
            raise NotMeasuredError(
                f"The window '{window.name}' of {window.length_s:.2f} s is too short for the energy counter of GPU "
                f"{device}, which changes every {period_s:.3f} s: it needs {PERIODS_MIN} changes"
            )
        joules = counter[-1][1] - counter[0][1]
        if joules < 0:
            raise NotMeasuredError(f"The energy counter of GPU {device} was set back within '{window.name}'")
        integral = _integral(power, counter[0][0], counter[-1][0], telemetry.hz)
        quality = f"energy counter, changes every {period_s:.3f} s"
        return Energy(joules, seconds, integral, None if idle_w is None else idle_w * seconds, quality)
    if not power:
        raise NotMeasuredError(
            f"GPU {device} tells neither energy ({telemetry.reason('energy_j', device) or 'no sample'}) nor power "
            f"({telemetry.reason('power_average_w', device) or 'no sample'}) in the window '{window.name}'"
        )
    seconds = power[-1][0] - power[0][0]
    integral = _integral(power, power[0][0], power[-1][0], telemetry.hz)
    if integral is None:
        raise NotMeasuredError(f"The power of GPU {device} has gaps in the window '{window.name}'")
    quality = f"integral of {label}: the sensor may see a part of the time only"
    return Energy(integral, seconds, integral, None if idle_w is None else idle_w * seconds, quality)


def _power(telemetry: Telemetry, window: Window, device: int) -> tuple[list[tuple[float, float]], str]:
    for signal in _POWERS:
        if series := telemetry.series(signal, device, window):
            return series, signal
    return [], ""


def _integral(power: list[tuple[float, float]], start_s: float, end_s: float, hz: float) -> float | None:
    """Joules by trapezoids; None if there is no power at an end, or a gap."""
    inside = [(moment, watts) for moment, watts in power if start_s <= moment <= end_s]
    longest = GAP_PERIODS / hz
    if len(inside) < 2 or inside[0][0] - start_s > longest or end_s - inside[-1][0] > longest:  # noqa: PLR2004  # a line
        return None
    if any(after - before > longest for (before, _), (after, _) in pairwise(inside)):
        return None
    return sum((later - earlier) * (low + high) / 2 for (earlier, low), (later, high) in pairwise(inside))


def _idle_power_w(telemetry: Telemetry, idle: Window | None, device: int) -> float | None:
    if idle is None:
        return None
    for signal in _POWERS:
        try:
            return gauge(telemetry, signal, idle, device).mean
        except NotMeasuredError:
            continue
    return None
