"""Recordings of what a driver answered, and their replay on machines without a GPU.

A recording is one JSON file. Whatever comes of a replay says so: its origin is `replay of <file>`. It proves nothing
about a GPU of this machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from keywords.engine.gpu.nvml import NoSuchGpuError
from keywords.engine.gpu.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.gpu.reading import Call, Source

FORMAT: Final = 1
_HIDDEN: Final = ("nvmlDeviceGetUUID()", "nvmlDeviceGetSerial()")
"""Calls whose answers name one GPU among all; a recording hides them."""


class RecordingError(Exception):
    """A file cannot be replayed; the message has the reason and the remedy."""


class Recorder:
    """A source that writes down what another one answers.

    Args:
        source: the driver.
        made_by: the command that records, so that another machine can repeat it.
    """

    def __init__(self, source: Source, made_by: str) -> None:
        self._source = source
        self._made_by = made_by
        self._before: dict[str, dict[str, Any]] = {}
        self._frames: list[dict[str, Any]] = []
        self._answers = self._before

    @property
    def origin(self) -> str:
        """The driver's own."""
        return self._source.origin

    @property
    def driver(self) -> str:
        """The driver's own."""
        return self._source.driver

    @property
    def count(self) -> int:
        """The driver's own."""
        return self._source.count

    def step(self) -> float | None:
        """Begin the next frame."""
        moment = self._source.step()
        if moment is not None:
            self._answers = {}
            self._frames.append({"at_s": moment, "answers": self._answers})
        return moment

    def ask(self, device: int, calls: tuple[Call, ...]) -> dict[Call, Reading]:
        """Ask the driver, and note its answers."""
        readings = self._source.ask(device, calls)
        noted = self._answers.setdefault(str(device), {})
        noted.update({str(call): _noted(reading) for call, reading in readings.items()})
        return readings

    def save(self, to: Path) -> None:
        """Write the recording."""
        document = {
            "format": FORMAT,
            "made_by": self._made_by,
            "driver": self._source.driver,
            "devices": self._source.count,
            "notes": {},
            "before": self._before,
            "frames": self._frames,
        }
        to.write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")

    def close(self) -> None:
        """Close the driver."""
        self._source.close()


class Replay:
    """A source that answers what a recording holds.

    A call is answered by the frame of the moment, else by the last frame before it that holds the call.

    Args:
        path: the recording.

    Raises:
        RecordingError: the file is no recording of this format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            document = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RecordingError(
                f"{path} cannot be read as a recording ({error}); name a file made by {_PROGRAM}"
            ) from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise RecordingError(f"{path} is no recording of format {FORMAT}; make one with {_PROGRAM}")
        self._document = document
        self._known: dict[str, dict[str, Any]] = {
            device: dict(answers) for device, answers in document["before"].items()
        }
        self._frames = iter(document["frames"])

    @property
    def origin(self) -> str:
        """That it is a replay, and of what."""
        return f"replay of {self._path.name}, recorded with driver {self.driver}"

    @property
    def driver(self) -> str:
        """The version of the driver that was recorded."""
        return str(self._document["driver"])

    @property
    def count(self) -> int:
        """The number of devices that were recorded."""
        return int(self._document["devices"])

    @property
    def made_by(self) -> str:
        """The command that recorded it."""
        return str(self._document["made_by"])

    @property
    def notes(self) -> dict[str, Any]:
        """What was noted beside the answers, such as the loads, and the windows of time by their names and ends."""
        return dict(self._document["notes"])

    def step(self) -> float | None:
        """Go to the next frame; None after the last."""
        frame = next(self._frames, None)
        if frame is None:
            return None
        for device, answers in frame["answers"].items():
            self._known.setdefault(device, {}).update(answers)
        return float(frame["at_s"])

    def ask(self, device: int, calls: tuple[Call, ...]) -> dict[Call, Reading]:
        """Answer from the recording.

        Raises:
            NoSuchGpuError: it holds no device of this index.
        """
        if not 0 <= device < self.count:
            raise NoSuchGpuError(f"There is no GPU {device}: the recording holds {self.count}, counted from 0")
        known = self._known.get(str(device), {})
        return {call: _reading(known, call) for call in calls}

    def close(self) -> None:
        """Nothing is held."""


_PROGRAM: Final = "`python -m keywords.engine.gpu.record`"


def _noted(reading: Reading) -> Any:
    if reading.call in _HIDDEN and reading.value is not None:
        return {"value": "hidden"}
    if reading.value is not None:
        return {"value": reading.value}
    return {name: value for name, value in asdict(reading).items() if name in ("state", "reason", "code")}


def _reading(known: dict[str, Any], call: Call) -> Reading:
    answer = known.get(str(call))
    if answer is None:
        return Reading(None, str(call), "unknown", "the recording does not hold this call")
    if "value" in answer:
        return Reading(answer["value"], str(call))
    return Reading(None, str(call), answer["state"], answer["reason"], answer["code"])
