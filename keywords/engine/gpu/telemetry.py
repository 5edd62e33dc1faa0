"""Telemetry of a run as the collector left it: samples, XIDs, capabilities and the collector's own cost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.gpu.capabilities import Capabilities
from keywords.engine.gpu.collector import FORMAT
from keywords.engine.gpu.reading import Reading
from keywords.engine.gpu.sampler import Sample
from keywords.engine.gpu.xid import Xid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

GAP_PERIODS: Final = 3
"""Two samples that are further apart than so many periods have a gap between them."""


class TelemetryError(Exception):
    """A file holds no telemetry; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the collecting cost.

    Attributes:
        seconds: how long it lasted.
        cpu_s: processor time of the collector's process, from the first sample to the last.
        ticks: moments at which it read all devices.
        missed: moments that passed while a driver's answer was awaited.
        slowest_s: the longest time that one moment took.
    """

    seconds: float
    cpu_s: float
    ticks: int
    missed: int
    slowest_s: float

    @property
    def core_share(self) -> float:
        """Share of one core, 0 to 1."""
        return self.cpu_s / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the time, such as the idle time before a run, or the run.

    Attributes:
        name: what it is.
        start_s: seconds on the suite's clock.
        end_s: the same.
    """

    name: str
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.start_s

    def __contains__(self, moment: float) -> bool:
        return self.start_s <= moment <= self.end_s


@dataclass(frozen=True, slots=True)
class Telemetry:
    """All samples of a run.

    Attributes:
        origin: whose answers these are; begins with `replay` where no GPU was asked.
        is_replay: whether they come from a recording.
        driver: version of the driver.
        hz: samples a second that were asked for.
        capabilities: of each device, which signals it has.
        samples: in the order of time.
        xids: errors that the driver told meanwhile.
        xid_reason: why no XID events were told; empty if they were.
        cost: of the collecting; None if the collector ended before it could say so.
        windows: by their names.
        run: id in the store; None if it was not stored.
    """

    origin: str
    is_replay: bool
    driver: str
    hz: float
    capabilities: tuple[Capabilities, ...]
    samples: tuple[Sample, ...]
    xids: tuple[Xid, ...]
    xid_reason: str
    cost: Cost | None
    windows: dict[str, Window]
    run: int | None = None

    @property
    def devices(self) -> tuple[int, ...]:
        """The indexes of the devices."""
        return tuple(matrix.device for matrix in self.capabilities)

    def whole(self) -> Window:
        """All the time from the first sample to the last.

        Raises:
            TelemetryError: there is no sample.
        """
        if not self.samples:
            raise TelemetryError("The telemetry holds no sample: the run was over before the first one")
        return Window("all", self.samples[0].at_s, self.samples[-1].at_s)

    def window(self, name: str) -> Window:
        """A window by its name; `all` is the whole time.

        Raises:
            TelemetryError: there is no such window.
        """
        if name == "all":
            return self.whole()
        if name not in self.windows:
            known = ", ".join(["all", *self.windows])
            raise TelemetryError(f"The telemetry has no window '{name}'; it has {known}")
        return self.windows[name]

    def reason(self, signal: str, device: int) -> str:
        """Why a device has no value of a signal at all; empty if it has."""
        return self.of(device).readings[signal].reason

    def of(self, device: int) -> Capabilities:
        """The capabilities of a device.

        Raises:
            TelemetryError: the device is not in the telemetry.
        """
        for matrix in self.capabilities:
            if matrix.device == device:
                return matrix
        raise TelemetryError(f"The telemetry has no GPU {device}; it has {', '.join(map(str, self.devices))}")

    def series(self, signal: str, device: int, window: Window) -> list[tuple[float, float]]:
        """The values of a signal in a window, each with its moment."""
        return [
            (sample.at_s, sample.values[signal])
            for sample in self.samples
            if sample.device == device and signal in sample.values and sample.at_s in window
        ]

    def gaps(self, window: Window) -> dict[str, str]:
        """Signals that had no value at some moment of a window, each with the last reason."""
        return {
            name: reason for sample in self.samples if sample.at_s in window for name, reason in sample.gaps.items()
        }

    def holes(self, window: Window) -> list[tuple[float, float]]:
        """Times within a window without any sample, by their starts and ends."""
        moments = sorted({sample.at_s for sample in self.samples if sample.at_s in window})
        longest = GAP_PERIODS / self.hz
        return [(before, after) for before, after in pairwise(moments) if after - before > longest]


def read_telemetry(path: Path, windows: Iterable[Window] = ()) -> Telemetry:
    """Read what a collector wrote; a last line that a kill has cut off is left out.

    Raises:
        TelemetryError: the file is missing, empty or no telemetry.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise TelemetryError(f"{path} cannot be read: {error.strerror}") from None
    entries = [entry for line in lines if (entry := _entry(line)) is not None]
    if not entries or entries[0].get("format") != FORMAT:
        raise TelemetryError(f"{path} holds no telemetry of format {FORMAT}: the collector was stopped before it began")
    header, *rest = entries
    end = next((entry for entry in rest if "end_s" in entry), None)
    return Telemetry(
        origin=header["origin"],
        is_replay=header["is_replay"],
        driver=header["driver"],
        hz=header["hz"],
        capabilities=tuple(
            _capabilities(device, header["origin"], readings)
            for device, readings in zip(header["devices"], header["capabilities"], strict=True)
        ),
        samples=tuple(Sample(each["t"], each["d"], each["v"], each.get("gaps", {})) for each in rest if "v" in each),
        xids=tuple(Xid(each["t"], each["d"], each["xid"]) for each in rest if "d" in each and "xid" in each),
        xid_reason=header["xid"] or (end["xid"] if end else ""),
        cost=Cost(*(end[name] for name in ("seconds", "cpu_s", "ticks", "missed", "slowest_s"))) if end else None,
        windows={window.name: window for window in windows},
    )


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _capabilities(device: int, origin: str, readings: dict[str, list[Any]]) -> Capabilities:
    return Capabilities(
        device,
        origin,
        {
            name: Reading(value, call, state, reason, code)
            for name, (state, value, reason, code, call) in readings.items()
        },
    )
