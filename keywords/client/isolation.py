"""Isolation: whether simultaneous clients each get their own answer."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any
from uuid import uuid4

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai.client import Answer
from keywords.run import target


@library(scope="SUITE", doc_format="MARKDOWN")
class IsolationLibrary:
    """Compare simultaneous answers with answers one by one, by text and by request id."""

    @keyword
    def ask_one_by_one(
        self, *prompts: str, temperature: float | None = None, seed: int | None = None, max_tokens: int | None = 64
    ) -> list[Answer]:
        """Ask each question after the answer to the one before: the counterpart of `Ask Together`.

        Args:
            prompts: the user messages.
            temperature: 0 to 2.
            seed: seed of the sampling.
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
        """Ask the same question several times at the same moment, each time with another request id.

        Args:
            count: number of requests.
            prompt: the user message.
            max_tokens: upper bound of each answer, in tokens.

        Returns:
            The answers by their request ids.

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
    def answers_should_be_to_their_own_questions(self, answers: list[Answer], alone: list[Answer]) -> None:
        """Verify that each answer is most like the one that its question gets alone.

        They need not be the same: a model that works for several clients at once rounds otherwise, and may choose
        another word.

        Args:
            answers: those of clients that asked at the same moment.
            alone: those to the same questions, one by one.

        Raises:
            AssertionError: an answer is more like that to another question, or two questions get the same answer alone.

        ```robotframework
        ${alone} =    Ask One By One    What is red?    What is blue?    temperature=0
        ${together} =    Ask Together    What is red?    What is blue?    temperature=0
        Answers Should Be To Their Own Questions    ${together}    ${alone}
        ```
        """
        if len(answers) != len(alone):
            raise AssertionError(f"{len(answers)} answers cannot be compared with {len(alone)}")
        expected = [answer.text for answer in alone]
        if len(set(expected)) < len(expected):
            raise AssertionError(f"Each question should get another answer alone, they get {expected}")
        for number, answer in enumerate(answers):
            likeness = [SequenceMatcher(None, answer.text, text).ratio() for text in expected]
            nearest = max(range(len(likeness)), key=likeness.__getitem__)
            if likeness[nearest] > likeness[number]:
                raise AssertionError(
                    f"Answer {number + 1} should be most like {expected[number]!r}, which its question gets alone, but "
                    f"it is {answer.text!r}, like the answer {expected[nearest]!r} to question {nearest + 1}"
                )
        logger.info(f"{len(answers)} answers are each to their own question")

    @keyword
    def each_answer_should_carry_its_own_id(self, answers: dict[str, Answer]) -> None:
        """Verify that each answer carries the request id of its request.

        Raises:
            AssertionError: with the first answer that does not.

        ```robotframework
        ${answers} =    Ask Together With Ids    8    Name three colours.
        Each Answer Should Carry Its Own Id    ${answers}
        ```
        """
        for sent, answer in answers.items():
            actual = answer.headers.get("x-request-id")
            if actual != sent:
                raise AssertionError(f"The answer to {sent} carries the request id {actual!r}")
        logger.info(f"{len(answers)} answers carry their own ids")

    @keyword
    def new_canary(self) -> str:
        """A random word that occurs nowhere else.

        ```robotframework
        ${canary} =    New Canary
        ```
        """
        return f"zq{uuid4().hex[:10]}"

    @keyword
    def canary_should_not_appear(self, canary: str, answer: Answer) -> None:
        """Verify that a canary appears nowhere in an answer's bytes and headers.

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
