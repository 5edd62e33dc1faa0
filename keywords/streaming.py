"""Streaming chat: what arrives, in which order, and when."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import quantiles
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords import target
from keywords.engine import conformance
from keywords.engine.client import RunningStream, StreamedAnswer
from keywords.judging import judge

GapStatistic = Literal["p50", "p95", "max"]
_GAPS_NEEDED = {"p50": 3, "p95": 59, "max": 1}  # for p95: 1 - 0.95 ** 59 > 0.95, so the sample likely reaches beyond it


@library(scope="SUITE", doc_format="MARKDOWN")
class StreamingLibrary:
    """Ask the gateway for a stream and look at how it came.

    Times are seconds on the client's monotonic clock, counted from the moment the request was sent, connecting
    included. The first content is the first generated text: the bare role that opens a stream does not count. A chunk
    may hold any number of tokens, so chunk gaps are not times per token.

    The `Get…` keywords return a value; with an operator and an expected value they also judge it, and `message` then
    replaces the usual message.
    """

    @keyword
    def stream_chat(  # noqa: PLR0913 - each is a field of the request, typed so that Robot converts it
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
        extra: dict[str, Any] | None = None,
    ) -> StreamedAnswer:
        """Stream the answer to one question and read it to its end, however it ends.

        Args:
            prompt: the user message.
            system: a system message before it.
            model: model id; `${MODEL}` if left out.
            temperature: 0 to 2.
            top_p: above 0 to 1.
            seed: of the sampling.
            max_tokens: upper bound of the answer, in tokens; `${None}` leaves it open.
            stop: a text, or several, at which the answer ends.
            n: how many choices.
            include_usage: ask for the usage numbers at the end of the stream.
            extra: further fields of the request.

        Returns:
            Text, finish reasons, usage, error, pieces with their times, headers, raw bytes.

        Raises:
            GatewayRefused: the gateway answered with an error instead of a stream.
            AnswerBrokeOff: not even a status came. A stream that breaks off later is returned.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.    temperature=0    include_usage=True
        ```
        """
        fields = {"temperature": temperature, "top_p": top_p, "seed": seed, "stop": stop, "n": n}
        fields |= {"system": system, "model": model, "max_tokens": max_tokens}
        stream = target.client().stream(prompt, include_usage=include_usage, **{**fields, **(extra or {})})
        _log(stream)
        return stream

    @keyword
    def start_stream_in_background(
        self,
        prompt: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = 256,
        extra: dict[str, Any] | None = None,
    ) -> RunningStream:
        """Start a stream, wait for its first content and leave it running.

        Args:
            prompt: the user message.
            temperature: 0 to 2.
            max_tokens: upper bound of the answer, in tokens.
            extra: further fields of the request.

        Returns:
            The running stream, for [Finish Stream].

        Raises:
            GatewayRefused: the gateway answered with an error instead of a stream.
            TimeoutError: no content came within 30 seconds.

        ```robotframework
        ${running} =    Start Stream In Background    Tell me a long story.
        ${moment} =    Note Moment
        ${stream} =    Finish Stream    ${running}
        Get Time From Moment To End    ${stream}    ${moment}    <    10
        ```
        """
        fields = {"temperature": temperature, "max_tokens": max_tokens, **(extra or {})}
        running = target.client().start_stream(prompt, **fields)
        logger.info("The first content came; the stream goes on")
        return running

    @keyword
    def finish_stream(self, running: RunningStream, within: timedelta = timedelta(seconds=60)) -> StreamedAnswer:
        """Wait for the end of a stream that runs in the background.

        Args:
            running: from [Start Stream In Background].
            within: how long to wait.

        Returns:
            As [Stream Chat].

        Raises:
            TimeoutError: the stream did not end in time.

        ```robotframework
        ${running} =    Start Stream In Background    Tell me a long story.
        ${stream} =    Finish Stream    ${running}    within=30 s
        ```
        """
        stream = running.finish(within.total_seconds())
        _log(stream)
        return stream

    @keyword
    def note_moment(self) -> float:
        """This moment on the clock of the streams, for [Get Time From Moment To End].

        ```robotframework
        ${moment} =    Note Moment
        ```
        """
        return time.perf_counter()

    @keyword
    def stream_should_be_closed_properly(self, stream: StreamedAnswer) -> None:
        """Judge a stream that ran to its natural end.

        One finish reason for each choice and no content after it; the role in the first event of a choice only; the
        same id, and the object `chat.completion.chunk`, in every event; usage once if it was asked for and else not;
        `[DONE]` last and exactly once; content type `text/event-stream`; nothing that breaks the rules of the format.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.
        Stream Should Be Closed Properly    ${stream}
        ```
        """
        defects = conformance.stream_defects(stream)
        if defects:
            raise AssertionError(f"Not a proper stream: {'; '.join(defects)}")

    @keyword
    def stream_should_say_that_it_broke_off(self, stream: StreamedAnswer) -> None:
        """Judge a stream whose backend failed: one error event with all four keys, no finish reason, then `[DONE]`.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        Stream Should Say That It Broke Off    ${stream}
        ```
        """
        defects = conformance.broken_stream_defects(stream)
        if defects:
            raise AssertionError(f"Not an honest end of a broken stream: {'; '.join(defects)}")

    @keyword
    def get_finish_reasons(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: list[str] | None = None,
        message: str | None = None,
    ) -> list[str]:
        """Every finish reason in the order they came.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a story.    max_tokens=3
        Get Finish Reasons    ${stream}    ==    ${{ ['length'] }}
        ```
        """
        return judge(stream.finish_reasons, assertion_operator, assertion_expected, "The finish reasons", message)

    @keyword
    def get_stream_error_code(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str | None:
        """The code in the error event of a stream; `${None}` if there was no error event.

        ```robotframework
        Get Stream Error Code    ${stream}    ==    backend_disconnected
        ```
        """
        code = None if stream.error is None else stream.error.get("code")
        label = f"The code of the stream's error ({stream.error})"
        return judge(code, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_time_to_first_content(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """Seconds from sending the request to the first generated text; `${None}` if none came.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.
        Get Time To First Content    ${stream}    <    30
        ```
        """
        return judge(stream.ttft_s, assertion_operator, assertion_expected, "Time to first content (s)", message)

    @keyword
    def get_share_of_time_to_first_content(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """Time to first content as a share of the whole time, 0 to 1; `${None}` if no content came.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a long story.    max_tokens=120
        Get Share Of Time To First Content    ${stream}    <    0.5
        ```
        """
        share = None if stream.ttft_s is None else stream.ttft_s / stream.total_s
        return judge(share, assertion_operator, assertion_expected, "Share of time to first content (0 to 1)", message)

    @keyword
    def get_chunk_gap(
        self,
        stream: StreamedAnswer,
        statistic: GapStatistic,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Seconds between successive pieces of text: a percentile (linear interpolation) or the largest.

        `p95` needs 59 gaps, `p50` 3.

        Raises:
            ValueError: the stream has too few gaps for the number to mean anything.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a long story.    max_tokens=120
        Get Chunk Gap    ${stream}    max    <    5
        ```
        """
        gaps = stream.gaps_s
        needed = _GAPS_NEEDED[statistic]
        if len(gaps) < needed:
            raise ValueError(f"{len(gaps)} chunk gaps are too few for {statistic}, it takes {needed}: raise max_tokens")
        value = max(gaps) if statistic == "max" else quantiles(gaps, n=100, method="inclusive")[int(statistic[1:]) - 1]
        return judge(value, assertion_operator, assertion_expected, f"Chunk gap {statistic} (s)", message)

    @keyword
    def get_time_from_moment_to_end(
        self,
        stream: StreamedAnswer,
        moment: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Seconds from a moment, as [Note Moment] gives it, to the end of the stream.

        ```robotframework
        Get Time From Moment To End    ${stream}    ${moment}    <    2
        ```
        """
        value = stream.exchange.sent_at + stream.total_s - moment
        return judge(value, assertion_operator, assertion_expected, "From the moment to the stream's end (s)", message)


def _log(stream: StreamedAnswer) -> None:
    first = "no content" if stream.ttft_s is None else f"first content after {stream.ttft_s:.3f} s"
    end = stream.failure or stream.error or ", ".join(stream.finish_reasons)
    logger.info(f"{stream.text!r}: {len(stream.pieces)} pieces in {stream.total_s:.3f} s, {first}; end: {end}")
