"""Samples of all signals, moment by moment; what a driver does not tell at a moment is a gap with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keywords.engine.gpu.capabilities import Capabilities, capabilities
from keywords.engine.gpu.sampled import SAMPLED
from keywords.engine.gpu.signals import SIGNALS, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keywords.engine.gpu.reading import Call, Source
    from keywords.engine.gpu.signal import When

SECOND_S = 1.0
"""Time between two readings of the signals that are read each second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One device at one moment.

    Attributes:
        at_s: seconds on the suite's clock.
        device: its index from 0.
        values: numbers by the names of signals.
        gaps: of signals that had a value before and have none now, the reason.
    """

    at_s: float
    device: int
    values: Mapping[str, float]
    gaps: Mapping[str, str] = field(default_factory=dict)


class Sampler:
    """Reads the signals that a GPU has; the others are asked once, and stand in the capability matrix.

    Args:
        source: the driver, or a recording.
        devices: indexes from 0.

    Raises:
        NoSuchGpuError: there is no device of one of the indexes.
    """

    def __init__(self, source: Source, devices: Sequence[int]) -> None:
        self._source = source
        self.matrices: tuple[Capabilities, ...] = tuple(capabilities(source, device) for device in devices)
        self._calls = {
            when: {matrix.device: _calls_of(matrix, when) for matrix in self.matrices} for when in ("tick", "second")
        }
        self._last_second = float("-inf")

    def sample(self) -> tuple[Sample, ...] | None:
        """One sample of each device at the next moment; None at the end of a recording."""
        moment = self._source.step()
        if moment is None:
            return None
        # A tick may come a little early.
        is_new_second = moment - self._last_second > SECOND_S * 0.99
        if is_new_second:
            self._last_second = moment
        return tuple(self._sample(moment, matrix.device, with_seconds=is_new_second) for matrix in self.matrices)

    def _sample(self, moment: float, device: int, *, with_seconds: bool) -> Sample:
        calls = dict(self._calls["tick"][device])
        if with_seconds:
            calls |= self._calls["second"][device]
        # Signals of one call, such as the parts of the memory, are read together.
        readings = self._source.ask(device, tuple(dict.fromkeys(calls.values())))
        signals = {name: value_of(SIGNALS[name], readings[call]) for name, call in calls.items()}
        return Sample(
            moment,
            device,
            {name: reading.value for name, reading in signals.items() if reading.value is not None},
            {name: reading.reason for name, reading in signals.items() if reading.value is None},
        )


def _calls_of(matrix: Capabilities, when: When) -> dict[str, Call]:
    """The call of each signal that is worth asking for again: the one that answered, or that failed for the moment."""
    return {
        signal.name: next(call for call in signal.calls if str(call) == matrix.readings[signal.name].call)
        for signal in SAMPLED
        if signal.when == when and matrix.readings[signal.name].state in ("supported", "unknown")
    }
