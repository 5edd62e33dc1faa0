"""What a user types: durations, lists of users and rates, percentages."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from keywords.engine.load.errors import QuantityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS: Final[Mapping[str, Decimal]] = {
    "us": Decimal("0.000001"),
    "µs": Decimal("0.000001"),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "min": Decimal(60),
    "m": Decimal(60),
    "h": Decimal(3600),
}
"""Seconds in each unit of time."""
DURATION_PATTERN: Final = r"^\s*\d+(\.\d+)?\s*(us|µs|ms|s|min|m|h)(\s*\d+(\.\d+)?\s*(us|µs|ms|s|min|m|h))*\s*$"
"""The form of a duration, for editors."""
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(us|µs|ms|min|s|m|h)\s*")
_DURATION_REMEDY = "write a number with its unit, such as 500ms, 30s, 5min or 1h"
_LONGEST_S: Final = 100_000 * 3600
_MOST_DIGITS: Final = 9
_FASTEST: Final = 1_000_000
"""A client sends some 10,000 requests per second."""
_SHOWN: Final = 40
_RATE_UNITS: Final = {"": Decimal(1), "/s": Decimal(1), "/min": Decimal(60), "/h": Decimal(3600)}
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(/s|/min|/h|)")


def parse_duration(text: str, field: str = "duration") -> float:
    """Read a duration such as `500ms`, `30 s`, `5min` or `1h 30min`.

    Args:
        text: numbers with their units; a bare number is refused, because it is guessed wrong by a factor of 1000.
        field: what the message calls it.

    Returns:
        Seconds, more than 0.

    Raises:
        QuantityError: it is none.
    """
    if not isinstance(text, str):
        raise QuantityError(f"{field} is {text!r}, without a unit; {_DURATION_REMEDY}")
    seconds, at = Decimal(0), 0
    while part := _PART.match(text, at):
        seconds += Decimal(part[1]) * SECONDS[part[2]]
        at = part.end()
    if at < len(text) or not text.strip():
        unit = ", without a unit" if _is_number(text) else ", which is no duration"
        raise QuantityError(f"{field} is {text!r}{unit}; {_DURATION_REMEDY}")
    if seconds <= 0:
        raise QuantityError(f"{field} is {text!r}; give more than 0")
    if seconds > _LONGEST_S:
        raise QuantityError(f"{field} is {_shown(text)}; give at most {_LONGEST_S // 3600}h")
    return float(seconds)


def parse_counts(text: str | int | Sequence[int], field: str) -> tuple[int, ...]:
    """Read whole numbers of 1 or more, such as the users of each stage: `1,10,20`.

    Raises:
        QuantityError: it is no such list, or a number is below 1.
    """
    counts = []
    for part in _parts(text, field, "1,10,20"):
        if not re.fullmatch(r"[0-9]+", part):
            raise QuantityError(f"{field} has {part!r}, which is no whole number; write a list such as 1,10,20")
        if len(part) > _MOST_DIGITS:
            raise QuantityError(f"{field} has {_shown(part)}; give a number of at most {_MOST_DIGITS} digits")
        if int(part) < 1:
            raise QuantityError(f"{field} has {part}; give 1 or more")
        counts.append(int(part))
    return tuple(counts)


def parse_rates(text: str | float | Sequence[str | float], field: str = "rate") -> tuple[float, ...]:
    """Read arrival rates, one for each stage, such as `5,10,20`, `0.5/s` or `90/min`.

    Returns:
        Requests per second, each more than 0.

    Raises:
        QuantityError: it is no such list, or a rate is 0.
    """
    rates = []
    for part in _parts(text, field, "5,10,20"):
        rate = _RATE.fullmatch(part)
        if rate is None:
            raise QuantityError(
                f"{field} has {part!r}, which is no rate; write requests per second such as 5 or 0.5/s, or 90/min"
            )
        number = float(Decimal(rate[1]) / _RATE_UNITS[rate[2]])
        if number > _FASTEST:
            raise QuantityError(f"{field} has {_shown(part)}; give at most {_FASTEST:,} requests per second")
        if number <= 0:
            raise QuantityError(
                f"{field} has {part}, which never sends a request; give more than 0 requests per second"
            )
        rates.append(number)
    return tuple(rates)


def parse_numbers(text: str | float | Sequence[str | float], field: str) -> tuple[float, ...]:
    """Read plain numbers such as `0,0.7,1`; whole ones stay whole.

    Raises:
        QuantityError: it is no such list.
    """
    numbers: list[float] = []
    for part in _parts(text, field, "0,0.7,1"):
        if not _is_number(part):
            raise QuantityError(f"{field} has {part!r}, which is no number; write a list such as 0,0.7,1")
        if not math.isfinite(float(part)):
            raise QuantityError(f"{field} has {_shown(part)}, which is too large; write a list such as 0,0.7,1")
        numbers.append(int(part) if re.fullmatch(r"-?[0-9]+", part) else float(part))
    return tuple(numbers)


def parse_count(text: str | int, field: str) -> int:
    """Read one whole number of 1 or more.

    Raises:
        QuantityError: it is none.
    """
    numbers = parse_counts(text, field)
    if len(numbers) != 1:
        raise QuantityError(f"{field} is {text!r}; give one number")
    return numbers[0]


def format_duration(seconds: float) -> str:
    """A duration as `parse_duration` reads it, in the largest unit of `us`, `ms` and `s` that leaves 1 or more."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds >= 1 / scale or unit == "us":
            return f"{seconds * scale:.6g} {unit}"
    raise AssertionError


def _parts(text: str | float | Sequence[str | float], field: str, example: str) -> list[str]:
    """The parts of a list, written with commas or as a list."""
    given = text.split(",") if isinstance(text, str) else list(text) if isinstance(text, list | tuple) else [text]
    parts = [str(part).strip() for part in given]
    if any(isinstance(part, bool) for part in given) or not parts or not all(parts):
        raise QuantityError(f"{field} is {text!r}, which is no list of numbers; write one such as {example}")
    return parts


def _shown(text: str) -> str:
    """What was typed, shortened."""
    return f"'{text[:_SHOWN]}…'" if len(text) > _SHOWN else repr(text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(Decimal(text.strip()))
    except InvalidOperation:
        return False
