"""Plain chat: ask, and check the answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai import conformance
from keywords.engine.openai.client import Answer, StreamedAnswer
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Fields
from keywords.run.assertions import verify, verify_no_defects

if TYPE_CHECKING:
    from keywords.engine.openai.answer import Usage

EQUAL = AssertionOperator["=="]
UsageNumber = Literal["prompt_tokens", "completion_tokens", "total_tokens"]


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class ChatLibrary:
    """Ask the gateway and check its answers.

    Every `Ask…` keyword sends only the fields of its arguments, and `max_tokens`, which bounds the answer. `extra`
    takes any further fields of the request, as JSON: `extra={"top_k": 1}`.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message: `Get Text    ${answer}    ==    OK`. They take plain and streamed answers alike.

    Times are seconds from sending the request on the client's monotonic clock.
    """

    @keyword
    def ask(
        self,
        prompt: str,
        *,
        system: str | None = None,
        model: str | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = 64,
        max_completion_tokens: int | None = None,
        stop: str | list[str] | None = None,
        n: int | None = None,
        tool: dict[str, object] | None = None,
        extra: Fields = None,
    ) -> Answer:
        """Ask one question and wait for the whole answer.

        Args:
            prompt: the user message.
            system: a system message before it.
            model: model id; `${MODEL}` if left out.
            temperature: 0 to 2.
            top_p: above 0 to 1.
            seed: seed of the sampling.
            max_tokens: upper bound of the answer, in tokens; `${None}` leaves it open.
            max_completion_tokens: the same by its newer name; replaces `max_tokens`.
            stop: one or several texts that end the answer.
            n: number of choices.
            tool: a tool that the model may call, from `Describe Tool`.
            extra: further fields of the request.

        Returns:
            Text, finish reason, usage, headers, times and the exchange itself.

        Raises:
            GatewayRefused: the gateway answered with an error.
            AnswerBrokeOff: the answer did not arrive, or not completely.
            NotAnAnswer: the body is not a chat completion.

        ```robotframework
        ${answer} =    Ask    Name three colours.    temperature=0    max_tokens=32
        ```
        """
        fields: dict[str, Any] = {"temperature": temperature, "top_p": top_p, "seed": seed, "stop": stop, "n": n}
        fields |= {"system": system, "model": model, "max_completion_tokens": max_completion_tokens}
        fields["tools"] = None if tool is None else [tool]
        fields["max_tokens"] = max_tokens if max_completion_tokens is None else None
        answer = target.client().ask(prompt, **{**fields, **(extra or {})})
        log_answer(answer)
        return answer

    @keyword
    def ask_conversation(
        self,
        messages: list[dict[str, Any]],
        *,
        model: str | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = 64,
        extra: Fields = None,
    ) -> Answer:
        """Send a whole conversation and wait for the next message.

        Args:
            messages: the conversation, a list of dictionaries with `role` and `content`.
            model: as for [Ask].
            temperature: as for [Ask].
            seed: as for [Ask].
            max_tokens: as for [Ask].
            extra: as for [Ask].

        Returns:
            As [Ask].

        ```robotframework
        VAR    &{first}    role=user    content=My name is Ada.
        VAR    &{second}    role=assistant    content=Hello Ada.
        VAR    &{third}    role=user    content=What is my name?
        VAR    @{conversation}    ${first}    ${second}    ${third}
        ${answer} =    Ask Conversation    ${conversation}    temperature=0
        ```
        """
        fields = {"model": model, "temperature": temperature, "seed": seed, "max_tokens": max_tokens}
        answer = target.client().ask(messages, **{**fields, **(extra or {})})
        log_answer(answer)
        return answer

    @keyword
    def ask_together(
        self,
        *prompts: str,
        times: int = 1,
        temperature: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = 64,
        extra: Fields = None,
    ) -> list[Answer]:
        """Ask all questions at the same moment, each on a new connection.

        Args:
            prompts: the user messages, one for each request.
            times: number of requests for each.
            temperature: as for [Ask].
            seed: as for [Ask].
            max_tokens: as for [Ask].
            extra: as for [Ask].

        Returns:
            The answers in the order of the questions.

        Raises:
            GatewayRefused: the gateway answered one with an error; as for [Ask].

        ```robotframework
        ${answers} =    Ask Together    What is red?    What is blue?    temperature=0
        Get Text    ${answers}[0]    contains    red
        ```
        """
        fields = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
        answers = target.client().ask_together(prompts * times, **{**fields, **(extra or {})})
        for answer in answers:
            log_answer(answer)
        return answers

    @keyword
    def get_text(
        self,
        answer: Answer | StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The text of the first choice.

        ```robotframework
        ${answer} =    Ask    Say OK
        Get Text    ${answer}    contains    OK
        ```
        """
        return verify(answer.text, assertion_operator, assertion_expected, "The text of the answer", message)

    @keyword
    def get_finish_reason(
        self,
        answer: Answer | StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str | None:
        """The finish reason of the first choice: `stop`, `length`, `tool_calls` or `content_filter`.

        ```robotframework
        ${answer} =    Ask    Tell me a story.    max_tokens=3
        Get Finish Reason    ${answer}    ==    length
        ```
        """
        return verify(answer.finish_reason, assertion_operator, assertion_expected, "The finish reason", message)

    @keyword
    def get_usage(
        self,
        answer: Answer | StreamedAnswer,
        number: UsageNumber,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int | None:
        """A number of tokens in the usage; `number` names it.

        Raises:
            AssertionError: the answer has no such number, unless the row expects `${None}`, or the comparison failed.

        ```robotframework
        ${answer} =    Ask    Tell me a story.    max_tokens=3
        Get Usage    ${answer}    completion_tokens    ==    3
        ```
        """
        return verify_usage(answer.usage, number, assertion_operator, assertion_expected, message)

    @keyword
    def usage_should_add_up(self, answer: Answer | StreamedAnswer) -> None:
        """Verify that prompt and completion tokens add up to the total.

        Raises:
            AssertionError: they do not, or a number is missing.

        ```robotframework
        ${answer} =    Ask    Say OK
        Usage Should Add Up    ${answer}
        ```
        """
        defects = conformance.usage_defects(None if answer.usage is None else asdict(answer.usage))
        if defects:
            raise AssertionError("; ".join(defects))

    @keyword
    def usage_should_count_each_choice(self, answer: Answer | StreamedAnswer, tokens: int) -> None:
        """Verify that the usage counts the tokens of all choices that came, however many were asked for.

        Args:
            answer: the answer.
            tokens: number of tokens of each choice.

        Raises:
            AssertionError: it counts another number, or there is none.

        ```robotframework
        ${answer} =    Ask    Tell me a long story.    max_tokens=4    n=2
        Usage Should Count Each Choice    ${answer}    4
        ```
        """
        choices = len(answer.texts)
        label = f"usage.completion_tokens of {choices} choices with {tokens} tokens each"
        counted = None if answer.usage is None else answer.usage.completion_tokens
        verify(counted, EQUAL, choices * tokens, label, None)

    @keyword
    def answer_should_be_a_complete_chat_completion(self, answer: Answer) -> None:
        """Verify the whole object: id, kind, time, model, each choice, and a usage that adds up.

        Args:
            answer: a plain answer.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${answer} =    Ask    Say OK
        Answer Should Be A Complete Chat Completion    ${answer}
        ```
        """
        verify_no_defects("Not a complete chat completion", conformance.completion_defects(answer.exchange.json()))


def verify_usage(
    usage: Usage | None,
    number: UsageNumber,
    operator: AssertionOperator | None,
    expected: int | None,
    message: str | None,
) -> int | None:
    """Return a number of the usage; with an operator, compare it first.

    Raises:
        AssertionError: the comparison failed, or there is no number, so that a row could go on with None.
    """
    value: int | None = getattr(usage, number, None)
    if value is None and operator is None:
        missing = "no usage" if usage is None else f"no usage.{number} that is an integer"
        raise AssertionError(f"The answer has {missing}")
    return verify(value, operator, expected, f"usage.{number} (tokens)", message)


def log_answer(answer: Answer) -> None:
    """Log one line with the text, finish reason, tokens and duration of an answer."""
    tokens = None if answer.usage is None else answer.usage.completion_tokens
    logger.info(f"{answer.text!r}, {answer.finish_reason}, {tokens} tokens in {answer.total_s:.3f} s")
