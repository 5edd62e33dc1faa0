"""How often the model obeys: a rate with bounds, from many independent answers."""

from __future__ import annotations

from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evaluation.determinism import Repetition
from keywords.engine.statistics.intervals import clopper_pearson_lower, clopper_pearson_upper, wilson
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.row_message import append_test_message, limit, percent

Figure = Literal["rate", "lower bound", "upper bound"]


@library(scope="SUITE", doc_format="MARKDOWN")
class SamplingLibrary:
    """Ask one question many times and count the answers that contain a text.

    The bounds are one-sided and exact (Clopper-Pearson) with 95 % confidence: compare "at least" with the lower
    bound, "at most" with the upper one.
    """

    @keyword
    def ask_with_many_seeds(
        self, prompt: str, times: int, *, temperature: float = 0.7, max_tokens: int | None = 32, seed: int = 1
    ) -> Repetition:
        """Ask one question many times, each time with another seed, so that the sample can be drawn again.

        Args:
            prompt: the user message.
            times: number of requests, at least 1.
            temperature: above 0, or all answers are the same.
            max_tokens: upper bound of each answer, in tokens.
            seed: seed of the first answer; each further one has the next.

        Returns:
            The answers.

        ```robotframework
        ${answers} =    Ask With Many Seeds    Say OK    40    temperature=0.7    max_tokens=16
        Get Share Of Answers Containing    ${answers}    OK    lower bound    >    0.1
        ```
        """
        if times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        client = target.client()
        seeds = range(seed, seed + times)
        answers = [client.ask(prompt, temperature=temperature, max_tokens=max_tokens, seed=one) for one in seeds]
        result = Repetition(prompt, answers)
        logger.info(f"{times} answers to {prompt!r}, {result.distinct} of them distinct; first: {result.texts[0]!r}")
        return result

    @keyword
    def get_share_of_answers_containing(
        self,
        result: Repetition,
        text: str,
        figure: Figure = "rate",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The share of answers that contain a text, case-sensitive, or a bound of it; 0 to 1.

        With an operator and an expected value it also verifies, and `message` then replaces the usual message. The
        row's message shows the count, the figure, and the limit.

        ```robotframework
        ${answers} =    Ask With Many Seeds    Say OK    40
        Get Share Of Answers Containing    ${answers}    OK    lower bound    >    0.1
        ```
        """
        n = len(result.texts)
        k = sum(text in answer for answer in result.texts)
        figures = {
            "rate": k / n,
            "lower bound": clopper_pearson_lower(k, n),
            "upper bound": clopper_pearson_upper(k, n),
        }
        count = f"{k} of {n} answers contain {text!r}"
        low, high = wilson(k, n)
        logger.info(
            f"{count}, rate {k / n:.3f}; one-sided 95 % bounds (Clopper-Pearson): at least "
            f"{figures['lower bound']:.3f}, at most {figures['upper bound']:.3f}; two-sided 95 % interval (Wilson): "
            f"{low:.3f} to {high:.3f}"
        )
        append_test_message(
            f"{count}; {figure} {percent(figures[figure])}{limit(assertion_operator, assertion_expected)}"
        )
        label = f"The share of answers that contain {text!r}, {figure} (0 to 1),"
        return verify(figures[figure], assertion_operator, assertion_expected, label, message, count)
