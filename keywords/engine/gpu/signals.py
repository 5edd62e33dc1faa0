"""All signals of a GPU by name, and the way to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keywords.engine.gpu.facts import FACTS
from keywords.engine.gpu.reading import Reading, first_known
from keywords.engine.gpu.sampled import SAMPLED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keywords.engine.gpu.reading import Source
    from keywords.engine.gpu.signal import Signal

SIGNALS: Final = {signal.name: signal for signal in (*SAMPLED, *FACTS)}
REASONS: Final = {
    0x1: "idle",
    0x2: "application clocks",
    0x4: "software power cap",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "power brake",
    0x100: "display clocks",
}
"""Bits of `event_reasons`. Source: `nvmlClocksEventReason…` in nvml.h."""
SLOWED_BY: Final = (
    "software power cap",
    "hardware slowdown",
    "software thermal slowdown",
    "hardware thermal slowdown",
    "power brake",
)
"""Reasons that cost speed under load; `idle` and clocks that somebody chose are none of them."""


def reasons_of(bits: int) -> tuple[str, ...]:
    """The names of the reasons that are set."""
    return tuple(name for bit, name in REASONS.items() if bits & bit)


def value_of(signal: Signal, reading: Reading) -> Reading:
    """The reading of a call, as the signal's own value and unit."""
    if reading.value is None:
        return reading
    try:
        value = signal.pick(reading.value)
    except (KeyError, IndexError, TypeError) as error:
        reason = f"the answer {str(reading.value)[:80]!r} is not understood ({type(error).__name__})"
        return Reading(None, reading.call, "unknown", reason)
    if value is None:
        return Reading(None, reading.call, "unknown", "the answer holds no value")
    return Reading(value, reading.call)


def read(source: Source, device: int, names: Iterable[str]) -> dict[str, Reading]:
    """Read signals by their names, each by the newest call that the driver knows.

    Raises:
        KeyError: there is no signal of this name.
        NoSuchGpuError: there is no device of this index.
    """
    return {name: value_of(SIGNALS[name], first_known(source, device, SIGNALS[name].calls)) for name in names}
