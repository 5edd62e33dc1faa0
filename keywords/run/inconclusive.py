"""Verdicts on times: a time above its limit is judged against what the machine does at the same moment."""

from __future__ import annotations

from typing import NoReturn, TypeVar

from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger

from keywords.engine.machine import WAIT_S, Machine, measure_machine
from keywords.run.assertions import verify
from keywords.traceability.skips import INCONCLUSIVE

T = TypeVar("T", float, float | None)

_UPPER_LIMITS = (AssertionOperator["<"], AssertionOperator["<="])
LOWER_LIMITS = (AssertionOperator[">"], AssertionOperator[">="])


def verify_time(
    value: T,
    operator: AssertionOperator | None,
    expected: float | None,
    label: str,
    message: str | None,
    details: str = "",
    *,
    wait_s: float = WAIT_S,
) -> T:
    """Return a time; with an operator, compare it first.

    Above an upper limit, the machine is measured. The row fails if the time is longer than the machine's state
    explains; else it is skipped as inconclusive.

    Args:
        value: the time in seconds.
        operator: None only returns the value.
        expected: seconds.
        label: names the time in the message, with its unit.
        message: replaces the usual message.
        details: ends the usual message: what helps to find the cause.
        wait_s: what each further process on a core may add to the time; 0 for a median.

    Raises:
        AssertionError: the comparison failed, and the machine does not explain it.
        SkipExecution: the machine is too busy for a verdict; the message has its load.
    """
    try:
        return verify(value, operator, expected, label, message, details)
    except AssertionError as failure:
        if value is None or expected is None or operator not in _UPPER_LIMITS:
            raise
        machine = measure_machine()
        logger.info(f"The machine: {machine}")
        if value > machine.explains_s(expected, wait_s=wait_s):
            raise
        skip_as_inconclusive(str(failure), machine)


def skip_as_inconclusive(finding: str, machine: Machine) -> NoReturn:
    """End the row without a verdict.

    Args:
        finding: what was measured, as a sentence.
        machine: the machine's state at that moment.

    Raises:
        SkipExecution: always.
    """
    raise SkipExecution(
        f"{INCONCLUSIVE} {finding.rstrip('.')}. But this machine is busy: {machine}. Run the row again."
    )
