"""The message of a row: what it measured. Log, matrix, Allure and evidence show it, also when the row passes."""

from assertionengine import AssertionOperator
from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from keywords.engine.redaction.secrets import SECRETS

_LIMITS = {
    "<=": "accepted at most",
    "<": "accepted below",
    ">=": "required at least",
    ">": "required above",
    "==": "required",
}


def append_test_message(sentence: str) -> None:
    """Append a sentence to the message of the running row; outside a row, only log it.

    Robot replaces the message of a row that fails by the failure.
    """
    sentence = SECRETS.clean(sentence)
    try:
        in_row = BuiltIn().get_variable_value("${TEST NAME}") is not None
    except RobotNotRunningError:
        in_row = False
    if in_row:
        BuiltIn().set_test_message(sentence, append=True, separator="; ")
    else:
        logger.info(sentence)


def limit(operator: AssertionOperator | None, expected: float | None) -> str:
    """The limit of a share, as the end of a sentence; empty without a comparison."""
    if operator is None or expected is None:
        return ""
    return f", {_LIMITS.get(operator.value, operator.value)} {percent(expected)}"


def percent(share: float) -> str:
    """A share from 0 to 1 in percent, with three significant digits like the limits."""
    return f"{share * 100:.3g} %"
