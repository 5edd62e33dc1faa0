"""Which signals this GPU, driver and user give: the capability matrix, as evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine.gpu.reading import GPM
from keywords.engine.gpu.signals import SIGNALS, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.gpu.reading import Reading, Source, State

STATES: tuple[State, ...] = ("supported", "not supported", "no permission", "unknown")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The signals of one device, read once.

    Attributes:
        device: its index from 0.
        origin: whose answers these are.
        readings: by the names of signals, in their order.
    """

    device: int
    origin: str
    readings: Mapping[str, Reading]

    def count(self, state: State) -> int:
        """How many signals are in a state."""
        return Counter(reading.state for reading in self.readings.values())[state]

    def supported(self) -> tuple[str, ...]:
        """The names of the signals that have a value."""
        return tuple(name for name, reading in self.readings.items() if reading.state == "supported")

    def as_table(self) -> str:
        """All signals as Markdown: state, error code, call, and the value or the reason."""
        counts = ", ".join(f"{self.count(state)} {state}" for state in STATES)
        lines = [
            f"# Capabilities of GPU {self.device}",
            "",
            f"Source: {self.origin}. {len(self.readings)} signals: {counts}.",
            "",
            "| signal | state | error | call | value or reason |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name, reading in self.readings.items():
            code = "" if reading.code is None else str(reading.code)
            told = reading.reason or str(reading.value)
            lines.append(f"| {name} | {reading.state} | {code} | {reading.call} | {told.replace('|', '/')} |")
        return "\n".join(lines) + "\n"


def capabilities(source: Source, device: int = 0) -> Capabilities:
    """Read every signal of a device once.

    Performance metrics are read twice, as the first sample of them has no value.

    Raises:
        NoSuchGpuError: there is no device of this index.
    """
    pairs = [name for name, signal in SIGNALS.items() if any(call.name == GPM for call in signal.calls)]
    read(source, device, pairs)
    return Capabilities(device, source.origin, read(source, device, SIGNALS))
