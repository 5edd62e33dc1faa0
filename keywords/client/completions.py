"""Text completions, plain and streamed."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keywords.client.chat import log_answer
from keywords.client.streaming import log_stream
from keywords.engine.openai import completions
from keywords.engine.openai.answer import first_choice
from keywords.engine.openai.client import Answer, StreamedAnswer
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Fields, without_none
from keywords.run.assertions import verify, verify_no_defects


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class CompletionsLibrary:
    """Ask the gateway to continue prompts (`/v1/completions`).

    Each of several prompts has separate choices. Prompts as token ids go into `extra`. The keywords for chat check the
    answers: `Get Text`, `Get Finish Reason`, `Get Usage`, `Get Header`, `Stream
    Should Say That It Broke Off`.
    """

    @keyword
    def ask_for_completion(
        self,
        *prompts: str,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = 16,
        n: int | None = None,
        logprobs: int | None = None,
        extra: Fields = None,
    ) -> Answer:
        """Ask for the continuation of a prompt, and wait for all of it.

        Args:
            prompts: one prompt is sent as a text, several as a list.
            model: model id; `${MODEL}` if left out.
            temperature: 0 to 2.
            max_tokens: upper bound of each completion, in tokens; `${None}` leaves it open.
            n: number of choices for each prompt.
            logprobs: number of alternatives to each token, with their log probabilities.
            extra: further fields of the request; `prompt` replaces the prompts.

        Raises:
            GatewayRefused: the gateway answered with an error.
            AnswerBrokeOff: the answer did not arrive, or not completely.
            NotAnAnswer: the body is not a text completion.

        ```robotframework
        ${answer} =    Ask For Completion    Once upon a time    temperature=0
        ${answer} =    Ask For Completion    Once upon    The sky    n=2
        ${answer} =    Ask For Completion    extra={"prompt": [[1, 2, 3], [4]]}
        ```
        """
        fields: dict[str, Any] = {"model": model, "temperature": temperature, "max_tokens": max_tokens, "n": n}
        fields["logprobs"] = logprobs
        fields = without_none(fields) | {"prompt": _prompt(prompts), **(extra or {})}
        answer = completions.complete(target.client(), **fields)
        log_answer(answer)
        return answer

    @keyword
    def stream_completion(
        self,
        *prompts: str,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = 16,
        n: int | None = None,
        include_usage: bool = False,
        extra: Fields = None,
    ) -> StreamedAnswer:
        """Stream the continuation of a prompt, and read it to its end, broken or not.

        Args:
            prompts: as for [Ask For Completion].
            model: as for [Ask For Completion].
            temperature: as for [Ask For Completion].
            max_tokens: as for [Ask For Completion].
            n: as for [Ask For Completion].
            include_usage: ask for the usage numbers at the end of the stream.
            extra: as for [Ask For Completion].

        Raises:
            GatewayRefused: the gateway answered with an error instead of a stream.
            AnswerBrokeOff: no status arrived.

        ```robotframework
        ${stream} =    Stream Completion    Once upon a time    temperature=0
        ```
        """
        fields: dict[str, Any] = {"model": model, "temperature": temperature, "max_tokens": max_tokens, "n": n}
        fields = without_none(fields) | {"prompt": _prompt(prompts), **(extra or {})}
        streamed = completions.stream(target.client(), include_usage=include_usage, **fields)
        log_stream(streamed)
        return streamed

    @keyword
    def answer_should_be_a_complete_text_completion(self, answer: Answer, choices: int = 1) -> None:
        """Verify the whole object: id, kind, time, model, the number and order of choices, and a usage that adds up.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${answer} =    Ask For Completion    Once upon a time
        Answer Should Be A Complete Text Completion    ${answer}
        ```
        """
        verify_no_defects(
            "Not a complete text completion", completions.completion_defects(answer.exchange.json(), choices)
        )

    @keyword
    def text_stream_should_be_closed_properly(self, stream: StreamedAnswer, choices: int = 1) -> None:
        """Verify a stream that ran to its natural end.

        One finish reason for each choice and no text after it; the object `text_completion` in every event;
        usage in a separate event if and only if it was requested; `[DONE]` last and exactly once; no other breach of
        the format.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${stream} =    Stream Completion    Once upon a time
        Text Stream Should Be Closed Properly    ${stream}
        ```
        """
        verify_no_defects("Not a proper stream", completions.stream_defects(stream, choices))

    @keyword
    def get_tokens_of_text(
        self,
        answer: Answer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The joined tokens of the first choice's log probabilities, which must equal its text.

        Raises:
            AssertionError: there are none in the shape of text completions, or the comparison failed.

        ```robotframework
        ${answer} =    Ask For Completion    Once upon a time    logprobs=1
        Get Tokens Of Text    ${answer}    ==    ${answer.text}
        ```
        """
        logprobs = first_choice(answer).get("logprobs")
        named = logprobs if isinstance(logprobs, dict) else {}
        lists = [named.get(name) for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset")]
        whole = [values for values in lists if isinstance(values, list)]
        texts: list[Any] = whole[0] if len(whole) == len(lists) and len(set(map(len, whole))) == 1 else [None]
        if not all(isinstance(text, str) for text in texts):
            raise AssertionError(f"No log probabilities in the shape of text completions: {logprobs}")
        tokens = "".join(texts)
        return verify(tokens, assertion_operator, assertion_expected, "The tokens of the text", message)


def _prompt(prompts: tuple[str, ...]) -> str | list[str]:
    return prompts[0] if len(prompts) == 1 else list(prompts)
