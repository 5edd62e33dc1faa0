"""Verdicts of keywords: compare the value of a getter, or list the defects of an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from assertionengine import AssertionOperator, verify_assertion
from assertionengine.assertion_engine import handlers

from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
Text = TypeVar("Text", str, bytes)

_EQUALITY = (AssertionOperator["=="], AssertionOperator["!="])
_CONTAINMENT = (AssertionOperator["contains"], AssertionOperator["not contains"])
_SHOWN = 160
_SHOWN_DIFFERENCE = 40


def verify(
    value: T, operator: AssertionOperator | None, expected: object, label: str, message: str | None, details: str = ""
) -> T:
    """Return the value of a getter; with an operator, compare it first.

    A failed comparison says the thing, what it should be, and what it is: `The status should be 401, got 200`. A list
    contains another one if it has all of its items.

    Args:
        value: the getter's value.
        operator: None only returns the value.
        expected: what to compare with; already of the right type.
        label: names the value in the message, with its unit.
        message: replaces the usual message.
        details: ends the usual message: what helps to find the cause.

    Raises:
        AssertionError: the comparison failed, or the value is None or of a type that cannot be compared so.
        ValueError: the row's regular expression is none.
    """
    if value is None and operator is not None and operator not in _EQUALITY:
        reason = f"{label} should be compared with {expected!r}, but there is none"
        raise AssertionError(message or _with_details(reason, details))
    if isinstance(value, list) and isinstance(expected, list) and operator in _CONTAINMENT:
        held = [item in value for item in expected]
        if all(held) if operator is _CONTAINMENT[0] else not any(held):
            return value
        raise AssertionError(message or _with_details(_failure(label, operator, expected, value), details))
    try:
        verified: T = verify_assertion(value, operator, expected, label, message)
    except AssertionError:
        if message or operator is None:
            raise
        raise AssertionError(_with_details(_failure(label, operator, expected, value), details)) from None
    except TypeError as error:
        if operator is None:
            raise
        kind = type(value).__name__
        reason = f"{_failure(label, operator, expected, value)}, which cannot be compared with it (type {kind})"
        raise AssertionError(_with_details(reason, details)) from error
    except re.error as error:
        raise ValueError(f"{label} cannot be matched with {shown(expected)}, no regular expression: {error}") from error
    return verified


def _failure(label: str, operator: AssertionOperator, expected: object, value: object) -> str:
    """The sentence about a failed comparison; of long texts, it shows the first difference."""
    sentence = f"{label} {handlers[operator][1]} {shown(expected)}, got {shown(value)}"
    if operator is not _EQUALITY[0]:
        return sentence
    if isinstance(value, str) and isinstance(expected, str):
        return sentence + _difference(value, expected, "character")
    if isinstance(value, bytes) and isinstance(expected, bytes):
        return sentence + _difference(value, expected, "byte")
    return sentence


def _difference(value: Text, expected: Text, unit: str) -> str:
    """The first difference of two texts of which one is not shown whole; empty for short ones."""
    if max(len(value), len(expected)) <= _SHOWN:
        return ""
    pairs = enumerate(zip(value, expected, strict=False))
    place = next((at for at, (one, other) in pairs if one != other), min(len(value), len(expected)))
    part = slice(place, place + _SHOWN_DIFFERENCE)
    return f"; first difference at {unit} {place + 1}: {value[part]!r} instead of {expected[part]!r}"


def shown(value: object) -> str:
    """A value as a message shows it: whole if it is short."""
    if isinstance(value, str | bytes) and len(value) > _SHOWN:
        unit = "characters" if isinstance(value, str) else "bytes"
        return f"{value[:_SHOWN]!r}… ({len(value)} {unit})"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _with_details(sentence: str, details: str) -> str:
    return f"{sentence}; {details}" if details else sentence


def verify_no_defects(verdict: str, defects: Sequence[str]) -> None:
    """Fail if there are defects.

    Args:
        verdict: begins the message, such as `Not a proper stream`.
        defects: one sentence each.

    Raises:
        AssertionError: with every defect.
    """
    if defects:
        # Defects quote what a server said.
        raise AssertionError(SECRETS.clean(f"{verdict}: {'; '.join(defects)}"))
