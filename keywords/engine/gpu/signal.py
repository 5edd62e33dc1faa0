"""What a signal of a GPU is, and how its calls are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from keywords.engine.gpu.reading import FIELD, Call

if TYPE_CHECKING:
    from collections.abc import Callable

When = Literal["tick", "second", "once"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing to know of a GPU.

    Attributes:
        name: with its unit, such as `power_instant_w`.
        what: what it is, and what it is not.
        calls: the calls that give it, the newest first.
        pick: makes the value of the call's plain value; None as a result means that there is none.
        when: read at each tick of the telemetry, each second, or once.
        is_counter: it only grows, and only differences mean something.
    """

    name: str
    what: str
    calls: tuple[Call, ...]
    pick: Callable[[Any], Any] = lambda value: value
    when: When = "tick"
    is_counter: bool = False


def device_call(name: str, *arguments: int | str) -> Call:
    """A function `nvmlDeviceGet…`, by the rest of its name."""
    return Call(f"nvmlDeviceGet{name}", arguments)


def field_call(name: str) -> Call:
    """A field of `nvmlDeviceGetFieldValues`, by the name of its constant."""
    return Call(FIELD, (name,))


def member(step: str | int) -> Callable[[Any], Any]:
    """Take one member of a structure or of a list."""
    return lambda value: value[step]


def times(factor: float) -> Callable[[Any], Any]:
    """Convert a unit."""
    return lambda value: value * factor
