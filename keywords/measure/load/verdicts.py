"""Verdicts on load runs: an INVALID run passes no limit, and a busy machine leaves none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from keywords.engine.machine import ALLOWED_SLOWDOWN, BUSY, measure_machine
from keywords.run.assertions import verify
from keywords.run.inconclusive import LOWER_LIMITS, skip_as_inconclusive, verify_time

if TYPE_CHECKING:
    from assertionengine import AssertionOperator

    from keywords.engine.load.session import LoadRun

_OF_A_BUSY_MACHINE = {"send_lag", "loop_lag", "cpu"}
"""Checks of a run's validity that fail on a busy machine too; others fail by the plan, or by a kill."""


def require_valid(run: LoadRun) -> None:
    """End the row unless the run is VALID.

    Raises:
        AssertionError: it is INVALID, and the machine does not explain it.
        SkipExecution: it is INVALID, and the machine is busy.
    """
    failed = [check for check in run.validity.checks if not check.passed]
    if not failed:
        return
    what = f"The load run is INVALID and passes no limit: {'; '.join(check.text for check in failed)}"
    if not {check.name for check in failed} <= _OF_A_BUSY_MACHINE:
        raise AssertionError(what)
    _refuse(what)


def verify_seconds(
    run: LoadRun,
    value: float,
    operator: AssertionOperator | None,
    expected: float | None,
    label: str,
    message: str | None,
) -> float:
    """Return a time; with an operator, compare it first, if the run is VALID.

    Raises:
        AssertionError: the comparison failed, or the run is INVALID.
        SkipExecution: either, on a machine that explains it.
    """
    if operator is not None:
        require_valid(run)
    return verify_time(value, operator, expected, label, message)


def verify_rate(
    run: LoadRun,
    value: float,
    operator: AssertionOperator | None,
    expected: float | None,
    label: str,
    message: str | None,
    *,
    allowed: float = ALLOWED_SLOWDOWN,
) -> float:
    """The same for a rate, which a busy machine makes lower.

    Args:
        run: the load run.
        value: per second.
        operator: None only returns the value.
        expected: per second.
        label: names the rate in the message.
        message: replaces the usual message.
        allowed: the slowdown that the limit allows for; 1 where it is close to what an idle machine reaches.

    Raises:
        AssertionError: as for `verify_seconds`.
        SkipExecution: as for `verify_seconds`.
    """
    if operator is not None:
        require_valid(run)
    try:
        return verify(value, operator, expected, label, message)
    except AssertionError as failure:
        if operator not in LOWER_LIMITS or expected is None:
            raise
        machine = measure_machine()
        if value < expected / max(1.0, machine.slowdown / allowed):
            raise
        skip_as_inconclusive(str(failure), machine)


def verify_ratio(
    run: LoadRun,
    value: float,
    operator: AssertionOperator | None,
    expected: float | None,
    label: str,
    message: str | None,
) -> float:
    """The same for a ratio of two measurements, between which a busy machine may have changed.

    Raises:
        AssertionError: as for `verify_seconds`.
        SkipExecution: the comparison failed, or the run is INVALID, on a busy machine.
    """
    if operator is not None:
        require_valid(run)
    try:
        return verify(value, operator, expected, label, message)
    except AssertionError as failure:
        machine = measure_machine()
        if machine.slowdown <= BUSY:
            raise
        skip_as_inconclusive(str(failure), machine)


def refuse_number(what: str) -> NoReturn:
    """End the row because a number does not exist.

    Args:
        what: why, as a sentence with the remedy.

    Raises:
        AssertionError: always, on a quiet machine.
        SkipExecution: always, on a busy one, which may have sent too few requests.
    """
    _refuse(what)


def _refuse(what: str) -> NoReturn:
    machine = measure_machine()
    if machine.slowdown > BUSY:
        skip_as_inconclusive(what, machine)
    raise AssertionError(what)
