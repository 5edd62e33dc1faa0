"""Whether clients that ask at the same moment get each their own answer."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai.client import Answer
from keywords.run import target


@library(scope="SUITE", doc_format="MARKDOWN")
class IsolationLibrary:
    """Compare answers that came together with answers that came alone, by text and by request id."""

    @keyword
    def ask_one_by_one(
        self, *prompts: str, temperature: float | None = None, seed: int | None = None, max_tokens: int | None = 64
    ) -> list[Answer]:
        """Ask each question when the one before it is answered: the counterpart of `Ask Together`.

        Args:
            prompts: the user messages.
            temperature: 0 to 2.
            seed: of the sampling.
            max_tokens: upper bound of each answer, in tokens.

        Returns:
            The answers in the order of the questions.

        ```robotframework
        ${alone} =    Ask One By One    What is red?    What is blue?    temperature=0
        ```
        """
        fields: dict[str, Any] = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
        client = target.client()
        return [client.ask(prompt, **fields) for prompt in prompts]

    @keyword
    def ask_together_with_ids(self, count: int, prompt: str, *, max_tokens: int | None = 64) -> dict[str, Answer]:
        """Ask the same question several times at the same moment, each time with a request id of its own.

        Args:
            count: how many requests.
            prompt: the user message.
            max_tokens: upper bound of each answer, in tokens.

        Returns:
            The answers by the request id that was sent for them.

        ```robotframework
        ${answers} =    Ask Together With Ids    8    Name three colours.
        Each Answer Should Carry Its Own Id    ${answers}
        ```
        """
        ids = [f"qa-{uuid4().hex}" for _ in range(count)]
        headers = [{"x-request-id": request_id} for request_id in ids]
        answers = target.client().ask_together([prompt] * count, headers=headers, max_tokens=max_tokens)
        return dict(zip(ids, answers, strict=True))

    @keyword
    def texts_should_be_equal(self, answers: list[Answer], expected: list[Answer]) -> None:
        """Verify that two lists of answers say the same, one by one.

        Raises:
            AssertionError: with the first pair that differs.

        ```robotframework
        ${alone} =    Ask One By One    What is red?    What is blue?    temperature=0
        ${together} =    Ask Together    What is red?    What is blue?    temperature=0
        Texts Should Be Equal    ${together}    ${alone}
        ```
        """
        if len(answers) != len(expected):
            raise AssertionError(f"{len(answers)} answers cannot equal {len(expected)}")
        for number, (answer, other) in enumerate(zip(answers, expected, strict=True), start=1):
            if answer.text != other.text:
                raise AssertionError(f"Answer {number} says {answer.text!r}, it should say {other.text!r}")
        logger.info(f"{len(answers)} answers say the same")

    @keyword
    def each_answer_should_carry_its_own_id(self, answers: dict[str, Answer]) -> None:
        """Verify that each answer came back with the request id that was sent for it.

        Raises:
            AssertionError: with the first answer that did not.

        ```robotframework
        ${answers} =    Ask Together With Ids    8    Name three colours.
        Each Answer Should Carry Its Own Id    ${answers}
        ```
        """
        for sent, answer in answers.items():
            came = answer.headers.get("x-request-id")
            if came != sent:
                raise AssertionError(f"The answer to {sent} carries the request id {came!r}")
        logger.info(f"{len(answers)} answers carry their own ids")

    @keyword
    def new_canary(self) -> str:
        """A word that nobody has ever said.

        ```robotframework
        ${canary} =    New Canary
        ```
        """
        return f"zq{uuid4().hex[:10]}"

    @keyword
    def canary_should_not_appear(self, canary: str, answer: Answer) -> None:
        """Verify that an answer is free of a canary, anywhere in its bytes and headers.

        Raises:
            AssertionError: the canary appears.

        ```robotframework
        ${canary} =    New Canary
        ${answer} =    Ask    What was the secret word?
        Canary Should Not Appear    ${canary}    ${answer}
        ```
        """
        if canary.encode() in answer.exchange.body or any(canary in value for value in answer.headers.values()):
            raise AssertionError(f"The canary {canary} of another client appears in the answer {answer.text!r}")
