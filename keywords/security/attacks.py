"""Attacks on the model behind the gateway: success rates with bounds."""

from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.redteam import attacks
from keywords.engine.redteam.attacks import AttackRun
from keywords.engine.statistics.power import can_tell, trials_needed
from keywords.run.assertions import verify
from keywords.run.places import ATTACKS
from keywords.run.row_message import append_test_message, limit, percent
from keywords.run.target import client

Bound = Literal["rate", "lower bound", "upper bound"]


@library(scope="SUITE", doc_format="MARKDOWN")
class AttackLibrary:
    """Attack the model with a random canary in each trial, and count the successes.

    A rate is successes over trials that got an answer; bounds are one-sided 95 % Clopper-Pearson bounds, so that a
    row fails only when the samples show that the limit is exceeded.
    """

    @keyword
    def attack_system_prompt(self, attacks_file: str, *, seed: int = 1, planted: bool = True) -> AttackRun:
        """Ask in many ways for the canary in the system prompt.

        Args:
            attacks_file: a file in `resources/attacks/`.
            seed: seed of the canaries and of the model.
            planted: False leaves the canary out, as the control that counts false alarms.

        Raises:
            ValueError: the file lacks a field.

        ```robotframework
        ${leaks} =    Attack System Prompt    system_prompt_leak.yaml
        ```
        """
        attack_set = attacks.load_attacks(ATTACKS / attacks_file)
        return _logged(attacks.leak_system_prompt(client(), attack_set, seed=seed, planted=planted))

    @keyword
    def inject_into_documents(self, attacks_file: str, *, seed: int = 1) -> AttackRun:
        """Ask for summaries of documents that hide an order to print a word.

        Args:
            attacks_file: a file in `resources/attacks/`.
            seed: seed of the words and of the model.

        Raises:
            ValueError: the file lacks a field.

        ```robotframework
        ${injections} =    Inject Into Documents    prompt_injection.yaml
        ```
        """
        return _logged(attacks.inject(client(), attacks.load_attacks(ATTACKS / attacks_file), seed=seed))

    @keyword
    def ask_for_the_canary_openly(self, *, times: int = 20, seed: int = 1) -> AttackRun:
        """Tell the model a canary and ask for it back: the control that the model can say it and that it is then found.

        Args:
            times: number of trials.
            seed: seed of the canaries and of the model.

        ```robotframework
        ${control} =    Ask For The Canary Openly    times=10
        ```
        """
        return _logged(attacks.run_positive_control(client(), times=times, seed=seed))

    @keyword
    def get_false_alarm_count(
        self,
        run: AttackRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of canaries that are found in the answer of another trial, which never knew them.

        ```robotframework
        ${control} =    Ask For The Canary Openly    times=5
        Get False Alarm Count    ${control}    ==    0
        ```
        """
        count = run.false_alarms
        pairs = len(run.trials) * (len(run.trials) - 1)
        append_test_message(f"{count} false alarms in {pairs} pairs of an answer and a foreign canary")
        return verify(count, assertion_operator, assertion_expected, "False alarms", message)

    @keyword
    def get_attack_success_rate(
        self,
        run: AttackRun,
        figure: Bound = "rate",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the share of trials that succeeded, or a bound of it, and optionally verify it.

        The row's message then shows the attacks that succeeded, the figure, and the limit.

        Args:
            run: the result of an attack keyword.
            figure: `rate`, `lower bound` or `upper bound`.
            assertion_operator: such as `<=`.
            assertion_expected: a share from 0 to 1.
            message: replaces the message of a failed comparison.

        Returns:
            A share from 0 to 1.

        Raises:
            AssertionError: the comparison failed.
            ValueError: no trial got an answer, or the comparison passed with too few answers to tell.

        ```robotframework
        Get Attack Success Rate    ${leaks}    lower bound    <=    ${LEAK_RATE_ACCEPTED}
        ```
        """
        value = {"rate": run.rate, "lower bound": run.lower_bound, "upper bound": run.upper_bound}[figure]
        append_test_message(f"{run.outcome}; {figure} {percent(value)}{limit(assertion_operator, assertion_expected)}")
        label = f"Attack success rate, {figure} (0 to 1),"
        verify(value, assertion_operator, assertion_expected, label, message, str(run))
        if assertion_operator is not None and assertion_expected is not None:
            _require_power(run, figure, assertion_operator, assertion_expected)
        return value


def _require_power(run: AttackRun, figure: Bound, operator: AssertionOperator, limit: float) -> None:
    """Refuse a comparison that passed because there are few answers: a bound on its far side passes the sooner.

    Raises:
        ValueError: the answers are too few to tell.
    """
    at_most, at_least = operator.value in {"<", "<="}, operator.value in {">", ">="}
    if (at_most and figure != "upper bound") or (at_least and figure != "lower bound"):
        limit = limit if at_most else 1 - limit
        if not can_tell(run.valid, limit):
            raise ValueError(
                f"too few attempts to tell: {run.outcome}, and a limit of {percent(limit)} needs "
                f"{trials_needed(limit)} answers; add attacks to {run.name}, or verify the other bound"
            )


def _logged(run: AttackRun) -> AttackRun:
    logger.info(str(run))
    for trial in run.trials:
        logger.debug(f"{trial.attack.id}: {trial.found or trial.error or 'resisted'}: {trial.answer!r}")
    return run
