"""Keeps the digits of numbers that do not fit into 64 bits, where JSON is written again after a change.

RFC 8259 §6 sets no limit to a number's size or precision. orjson, like most parsers, reads an integer beyond 64 bits as
a float, which writes other digits.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

Parsed = TypeVar("Parsed")

# A double holds each decimal number of up to 15 digits, and orjson reads integers of 64 bits exactly. Any other number
# has 17 or more digits and points in a row.
_LONG = b"0" * 17
# Of an integer of 64 bits, with its sign.
_MOST_DIGITS = 20
# Python converts no longer ones (docs.python.org/3/library/stdtypes.html#int-max-str-digits).
_MOST_PYTHON_DIGITS = 4300
_AS_ZERO = bytes.maketrans(b"123456789.", b"0" * 10)


class WrittenNumber(float):
    """A number with its text as it was written; without it, a float like any other.

    Attributes:
        text: the number as JSON.
    """

    __slots__ = ("text",)
    text: str


def exact_fields(text: bytes, parsed: Parsed) -> Parsed:
    """Return `parsed`, or parse `text` again if a number in it may have lost digits.

    Args:
        text: a text.
        parsed: `text` as `gateway.text.json_values.parse_json` parsed it; it is not changed.

    Returns:
        `parsed` itself, or an equal value whose long numbers are `WrittenNumber`, for `dump`.
    """
    if _LONG not in text.translate(_AS_ZERO):
        return parsed
    try:
        exact: Parsed = load(text)
    except (ValueError, RecursionError):
        # Infinity, whose text was parsed exactly at once; or deeper nesting, which orjson reads, but cannot write.
        return parsed
    return exact


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def load(text: bytes | str, *, constant: Callable[[str], Any] = _refuse) -> Any:
    """Parse JSON and keep the digits of long numbers.

    Args:
        text: a text.
        constant: makes a value of NaN and Infinity, which are no JSON.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it nests too deep.
    """
    return json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=constant)


def dump(value: Any) -> bytes:
    """Serialize with each `WrittenNumber` as it was written.

    Raises:
        orjson.JSONEncodeError: it nests deeper than 254 levels, or holds something that JSON does not have.
    """
    return orjson.dumps(value, default=_as_written)


def with_integers(value: Any) -> Any:
    """The value with an `int` for each `WrittenNumber` that is one, for what serializes with Python's own module."""
    if isinstance(value, dict):
        return {name: with_integers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    if isinstance(value, WrittenNumber) and len(value.text) <= _MOST_PYTHON_DIGITS and value.text.lstrip("-").isdigit():
        return int(value.text)
    return value


def _integer(text: str) -> int | float:
    # orjson writes integers of 64 bits; Python refuses to convert very long ones.
    if len(text) <= _MOST_DIGITS and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return _written(text)


def _float(text: str) -> float:
    value = float(text)
    return value if len(text) < len(_LONG) and value not in {float("inf"), float("-inf")} else _written(text)


def _written(text: str) -> WrittenNumber:
    number = WrittenNumber(text)
    number.text = text
    return number


def _as_written(value: Any) -> orjson.Fragment:
    if isinstance(value, WrittenNumber):
        return orjson.Fragment(value.text)
    raise TypeError(type(value))
