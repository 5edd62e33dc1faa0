"""Determinism: whether the same question gets the same answer."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation.determinism import PromptSet, Repetition
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.row_message import append_test_message


@library(scope="SUITE", doc_format="MARKDOWN")
class DeterminismLibrary:
    """Ask the same question several times and compare the answers, character by character.

    The text of the first choice is compared. A share of several prompts has an upper bound: no difference in ten
    prompts does not prove that there is none.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message.
    """

    @keyword
    def ask_repeatedly(
        self,
        prompt: str,
        times: int = 5,
        *,
        temperature: float | None = 0,
        seed: int | None = None,
        max_tokens: int | None = 48,
        together: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> Repetition:
        """Ask one question several times.

        Args:
            prompt: the user message.
            times: number of requests, at least 2.
            temperature: 0 to 2.
            seed: seed of the sampling; the same for all.
            max_tokens: upper bound of each answer, in tokens.
            together: send all at the same moment instead of one after the other.
            extra: further fields of the request.

        Returns:
            The answers, how many are distinct, the share of identical ones, the first character that differs.

        Raises:
            GatewayRefused: the gateway answered with an error.

        ```robotframework
        ${result} =    Ask Repeatedly    Name three colours.    times=5
        Get Distinct Answers    ${result}    ==    1
        ```
        """
        fields = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens, **(extra or {})}
        return _repeat(prompt, times, fields, together=together)

    @keyword
    def ask_with_seeds(
        self, prompt: str, *seeds: int, temperature: float = 1.0, max_tokens: int | None = 48
    ) -> Repetition:
        """Ask one question once with each seed.

        Args:
            prompt: the user message.
            seeds: one for each request.
            temperature: above 0, or no seed can matter.
            max_tokens: upper bound of each answer, in tokens.

        Returns:
            As [Ask Repeatedly].

        Raises:
            GatewayRefused: the gateway answered with an error.

        ```robotframework
        ${result} =    Ask With Seeds    Tell me a story.    1    2    3
        Get Distinct Answers    ${result}    >    1
        ```
        """
        if not seeds:
            raise ValueError("Ask With Seeds needs at least one seed")
        client = target.client()
        answers = [client.ask(prompt, seed=seed, temperature=temperature, max_tokens=max_tokens) for seed in seeds]
        return _logged(Repetition(prompt, answers))

    @keyword
    def ask_each_repeatedly(
        self,
        *prompts: str,
        times: int = 2,
        temperature: float | None = 0,
        seed: int | None = None,
        max_tokens: int | None = 32,
        together: bool = False,
    ) -> PromptSet:
        """Ask several questions, each several times, and count the questions that got different answers.

        Args:
            prompts: the user messages.
            times: number of requests for each, at least 2.
            temperature: 0 to 2.
            seed: seed of the sampling; the same for all.
            max_tokens: upper bound of each answer, in tokens.
            together: send the repetitions of a question at the same moment.

        Returns:
            A repetition for each question, the number that differed, and the upper bound of that share.

        Raises:
            GatewayRefused: the gateway answered with an error.

        ```robotframework
        ${set} =    Ask Each Repeatedly    Name a colour.    Name a town.    Name a tree.    times=3
        Get Differing Prompts    ${set}    ==    0
        ```
        """
        fields = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
        result = PromptSet([_repeat(prompt, times, fields, together=together) for prompt in prompts])
        append_test_message(result.statement)
        return result

    @keyword
    def get_distinct_answers(
        self,
        result: Repetition,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of distinct texts among the answers; 1 if all are the same.

        ```robotframework
        ${result} =    Ask Repeatedly    Name three colours.
        Get Distinct Answers    ${result}    ==    1
        ```
        """
        append_test_message(result.statement)
        label = "The number of distinct answers"
        return verify(result.distinct, assertion_operator, assertion_expected, label, message, result.statement)

    @keyword
    def get_share_of_identical_answers(
        self,
        result: Repetition,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The share of the answers that say the most frequent text, above 0 to 1.

        ```robotframework
        ${result} =    Ask Repeatedly    Name three colours.    together=True
        Get Share Of Identical Answers    ${result}    >=    0.6
        ```
        """
        append_test_message(result.statement)
        label = "The share of identical answers"
        return verify(result.identical_share, assertion_operator, assertion_expected, label, message, result.statement)

    @keyword
    def get_differing_prompts(
        self,
        result: PromptSet,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of prompts with different answers.

        ```robotframework
        ${set} =    Ask Each Repeatedly    Name a colour.    Name a town.
        Get Differing Prompts    ${set}    ==    0
        ```
        """
        label = "The number of prompts with different answers"
        return verify(result.differing, assertion_operator, assertion_expected, label, message, result.statement)

    @keyword
    def get_upper_bound_of_differing_prompts(
        self,
        result: PromptSet,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The upper 95 % bound of the share of prompts with different answers; 0 to 1.

        The exact one-sided bound of Clopper and Pearson: none of 10 gives 0.26, none of 29 gives 0.10.

        ```robotframework
        ${set} =    Ask Each Repeatedly    Name a colour.    Name a town.
        Get Upper Bound Of Differing Prompts    ${set}    <    0.8
        ```
        """
        label = "The upper bound of the share of prompts with different answers"
        return verify(result.upper_bound, assertion_operator, assertion_expected, label, message, result.statement)


def _repeat(prompt: str, times: int, fields: dict[str, Any], *, together: bool) -> Repetition:
    if times < 2:  # noqa: PLR2004 - a comparison takes two
        raise ValueError(f"times must be at least 2 to compare anything, not {times}")
    client = target.client()
    if together:
        return _logged(Repetition(prompt, client.ask_together([prompt] * times, **fields)))
    return _logged(Repetition(prompt, [client.ask(prompt, **fields) for _ in range(times)]))


def _logged(result: Repetition) -> Repetition:
    logger.info(f"{result.prompt!r}: {result.statement}; the first says {result.texts[0]!r}")
    return result
