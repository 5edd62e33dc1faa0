"""What a row measured, as the row's message: log, matrix, Allure and evidence show it, also when the row passes."""

from assertionengine import AssertionOperator
from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

_LIMITS = {
    "<=": "accepted at most",
    "<": "accepted below",
    ">=": "required at least",
    ">": "required above",
    "==": "required",
}


def append_test_message(sentence: str) -> None:
    """Add a sentence to the message of the running row; outside of a row it is only logged.

    If the row fails, the failure takes its place, as Robot has it.
    """
    try:
        in_a_row = BuiltIn().get_variable_value("${TEST NAME}") is not None
    except RobotNotRunningError:
        in_a_row = False
    if in_a_row:
        BuiltIn().set_test_message(sentence, append=True, separator="; ")
    else:
        logger.info(sentence)


def limit(operator: AssertionOperator | None, expected: float | None) -> str:
    """The limit that a share is judged by, as the end of a sentence; empty if it is not judged."""
    if operator is None or expected is None:
        return ""
    return f", {_LIMITS.get(operator.value, operator.value)} {percent(expected)}"


def percent(share: float) -> str:
    """A share from 0 to 1 in percent, with as many places as a limit is given in."""
    return f"{share * 100:.3g} %"
