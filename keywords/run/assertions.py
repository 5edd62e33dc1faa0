"""Verdicts of keywords: compare the value of a getter, or list the defects of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from assertionengine import AssertionOperator, verify_assertion

from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_EQUALITY = (AssertionOperator["=="], AssertionOperator["!="])


def verify(value: T, operator: AssertionOperator | None, expected: object, label: str, message: str | None) -> T:
    """Return the value of a getter; with an operator, compare it first.

    Args:
        value: the getter's value.
        operator: None only returns the value.
        expected: what to compare with; already of the right type.
        label: names the value in the message, with its unit.
        message: replaces the usual message.

    Raises:
        AssertionError: the comparison failed, or there is nothing to compare because the value is None.
    """
    if value is None and operator is not None and operator not in _EQUALITY:
        raise AssertionError(message or f"{label} should be compared with {expected!r}, but there is none")
    verified: T = verify_assertion(value, operator, expected, label, message)
    return verified


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
