"""Streaming chat: what arrives, in which order, and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai import conformance
from keywords.engine.openai.client import StreamedAnswer
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Fields, Words
from keywords.run.assertions import verify, verify_no_defects
from keywords.run.inconclusive import verify_time

if TYPE_CHECKING:
    from keywords.engine.http.sse import SseEvent


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class StreamingLibrary:
    """Ask the gateway for a stream and check what arrives when.

    Times are seconds on the client's monotonic clock, counted from the moment the request was sent, connecting
    included. The first content is the first generated text, not the role that opens a stream. A chunk
    may hold any number of tokens, so times between chunks are not times per token.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message.
    """

    @keyword
    def stream_chat(
        self,
        prompt: str,
        *,
        system: str | None = None,
        model: str | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = 64,
        stop: str | list[str] | None = None,
        n: int | None = None,
        include_usage: bool = False,
        tool: dict[str, object] | None = None,
        extra: Fields = None,
    ) -> StreamedAnswer:
        """Stream the answer to one question and read it to its end, broken or not.

        Args:
            prompt: the user message.
            system: a system message before it.
            model: model id; `${MODEL}` if left out.
            temperature: 0 to 2.
            top_p: above 0 to 1.
            seed: seed of the sampling.
            max_tokens: upper bound of the answer, in tokens; `${None}` leaves it open.
            stop: one or several texts that end the answer.
            n: number of choices.
            include_usage: ask for the usage numbers at the end of the stream.
            tool: a tool that the model may call, from `Describe Tool`.
            extra: further fields of the request.

        Returns:
            Text, finish reasons, usage, error, pieces with their times, headers, raw bytes.

        Raises:
            GatewayRefused: the gateway answered with an error instead of a stream.
            AnswerBrokeOff: no status arrived. A stream that breaks off later is returned.
            AssertionError: the stream goes on far beyond `max_tokens`; it was cut.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.    temperature=0    include_usage=True
        ```
        """
        fields: dict[str, Any] = {"temperature": temperature, "top_p": top_p, "seed": seed, "stop": stop, "n": n}
        fields |= {"system": system, "model": model, "max_tokens": max_tokens}
        fields["tools"] = None if tool is None else [tool]
        stream = target.client().stream(prompt, include_usage=include_usage, **{**fields, **(extra or {})})
        log_stream(stream)
        return stream

    @keyword
    def stream_should_be_closed_properly(self, stream: StreamedAnswer) -> None:
        """Verify a stream that ran to its natural end.

        One finish reason for each choice and no content after it; the role in the first event of a choice only; the
        same id, and the object `chat.completion.chunk`, in every event; usage once if and only if it was requested;
        `[DONE]` last and exactly once; content type `text/event-stream`; no other breach of the format.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.
        Stream Should Be Closed Properly    ${stream}
        ```
        """
        verify_no_defects("Not a proper stream", conformance.stream_defects(stream))

    @keyword
    def stream_should_be_valid_utf8(self, stream: StreamedAnswer) -> None:
        """Verify that all events are UTF-8 and no character was cut or replaced on the way.

        Raises:
            AssertionError: a character was cut or replaced.

        ```robotframework
        ${stream} =    Stream Chat    Say café
        Stream Should Be Valid Utf8    ${stream}
        ```
        """
        try:
            stream.exchange.body.decode()
        except UnicodeDecodeError as error:
            raise AssertionError(f"The stream is not UTF-8: {error}") from error
        for number, event in enumerate(stream.events, start=1):
            text = _unescaped(event)
            if "\N{REPLACEMENT CHARACTER}" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):  # noqa: PLR2004 - surrogates
                raise AssertionError(f"Event {number} holds half a character: {event.data}")

    @keyword
    def get_finish_reasons(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Words = None,
        message: str | None = None,
    ) -> list[str]:
        """All finish reasons in their order; the expected ones have spaces between.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a story.    max_tokens=3
        Get Finish Reasons    ${stream}    ==    length
        ```
        """
        return verify(stream.finish_reasons, assertion_operator, assertion_expected, "The finish reasons", message)

    @keyword
    def get_time_to_first_content(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """Seconds from sending the request to the first generated text; `${None}` if none arrived.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.
        Get Time To First Content    ${stream}    <    30
        ```
        """
        return verify_time(stream.ttft_s, assertion_operator, assertion_expected, "Time to first content (s)", message)

    @keyword
    def get_share_of_time_to_first_content(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """Time to first content as a share of the whole time, 0 to 1; `${None}` if no content arrived.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a long story.    max_tokens=120
        Get Share Of Time To First Content    ${stream}    <    0.5
        ```
        """
        share = None if stream.ttft_s is None else stream.ttft_s / stream.total_s
        return verify(share, assertion_operator, assertion_expected, "Share of time to first content (0 to 1)", message)


def _unescaped(event: SseEvent) -> str:
    r"""The data of an event, the escapes `\uNNNN` of JSON as characters; unchanged if it is no JSON."""
    try:
        text: str = json.dumps(event.json(), ensure_ascii=False)
    except ValueError:
        return event.data
    return text


def log_stream(stream: StreamedAnswer) -> None:
    """Log one line with the text, times and end of a stream."""
    first = "no content" if stream.ttft_s is None else f"first content after {stream.ttft_s:.3f} s"
    end = stream.failure or stream.error or ", ".join(stream.finish_reasons)
    logger.info(f"{stream.text!r}: {len(stream.pieces)} pieces in {stream.total_s:.3f} s, {first}; end: {end}")
