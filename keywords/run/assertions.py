"""Getters that judge: the one way in which keywords compare a value with an expectation."""

from __future__ import annotations

from typing import TypeVar

from assertionengine import AssertionOperator, verify_assertion

T = TypeVar("T")

_EQUALITY = (AssertionOperator["=="], AssertionOperator["!="])


def judge(value: T, operator: AssertionOperator | None, expected: object, label: str, message: str | None) -> T:
    """Return the value; with an operator, compare it first.

    Args:
        value: what a getter found.
        operator: None only returns the value.
        expected: what to compare with; already of the right type.
        label: names the value in the message, with its unit.
        message: replaces the usual message.

    Raises:
        AssertionError: the comparison failed, or there is nothing to compare because the value is None.
    """
    if value is None and operator is not None and operator not in _EQUALITY:
        raise AssertionError(message or f"{label} should be compared with {expected!r}, but there is none")
    judged: T = verify_assertion(value, operator, expected, label, message)
    return judged
