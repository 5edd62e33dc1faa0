"""What a GPU was asked, and what it answered: a value, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

State = Literal["supported", "not supported", "no permission", "unknown"]
FIELD = "field"
"""Name of the call that reads one field of `nvmlDeviceGetFieldValues`."""
GPM = "gpm"
"""Name of the call that reads one metric of NVIDIA's GPU performance monitoring (Hopper and newer)."""
PARTS = "mig parts"
"""Name of the call that lists the parts of a device that is divided by MIG."""


@dataclass(frozen=True, slots=True)
class Call:
    """One question to NVML about one device.

    Attributes:
        name: a function of `pynvml` whose first argument is the device, or `FIELD`, `GPM`
            or `PARTS`.
        arguments: the others: numbers, names of constants of `pynvml`, or the name of a structure of `pynvml` that the
            driver is to fill.
    """

    name: str
    arguments: tuple[int | str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer. Without a value there is a reason; an unknown value is never 0.

    Attributes:
        value: plain data, as numbers, texts, lists and mappings of them; None if there is none.
        call: the call that gave it, such as `nvmlDeviceGetTemperatureV(0)`.
        state: whether this GPU, driver and user get this value.
        reason: why there is no value, as a sentence without its end; empty if there is one.
        code: NVML's code of the error; None if there is a value, or if no driver was asked.
    """

    value: Any
    call: str
    state: State = "supported"
    reason: str = ""
    code: int | None = None


class Source(Protocol):
    """Something that answers for GPUs: a driver, or a recording of one."""

    @property
    def origin(self) -> str:
        """Whose answers these are, such as `NVML, driver 570.86.10` or `replay of h200.json`."""

    @property
    def driver(self) -> str:
        """The version of the driver."""

    @property
    def count(self) -> int:
        """The number of devices."""

    def step(self) -> float | None:
        """Go to the next moment: now, or that of the next sample in a recording; None at a recording's end.

        Returns:
            The moment, in seconds on the suite's clock.
        """

    def ask(self, device: int, calls: tuple[Call, ...]) -> dict[Call, Reading]:
        """Ask a device, by its index from 0, several things at once."""

    def close(self) -> None:
        """Give back what it holds."""


def first_known(source: Source, device: int, calls: tuple[Call, ...]) -> Reading:
    """The answer to the first call that this driver and device know, the newest version of a call being the first.

    A driver that is older than a call, and a device that lacks it, are asked for the next one. Any other error is the
    answer: an older call would not tell more.
    """
    reading = Reading(None, "", "unknown", "nothing was asked")
    for call in calls:
        reading = source.ask(device, (call,))[call]
        if reading.state != "not supported":
            return reading
    return reading
