"""Steadiness: silences, bursts and late ends within a stream, slow answers among equal ones, answers side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine import clock
from keywords.engine.machine import StallWatch, measure_machine
from keywords.engine.openai.client import StreamedAnswer
from keywords.measure.latency import Latencies
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.inconclusive import skip_as_inconclusive, verify_time

_TIMES_OF_MEDIAN = 3
_SILENCES_OF_MEDIAN = 20
_UNNOTICED_S = 0.5
_LATE_SHARE = 0.2
_CONTROL_S = 0.02
"""Processor time of the control between two answers; longer than a time slice."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A time without an event within a stream.

    Attributes:
        length_s: seconds.
        after: number of the event before it, counted from that with the first text.
        of: number of events from there on.
    """

    length_s: float
    after: int
    of: int


@library(scope="GLOBAL", doc_format="MARKDOWN")
class PaceLibrary:
    """Measure whether a server answers steadily. Times are seconds on the client's monotonic clock.

    A time above its limit is judged against the machine: where its state at that moment explains the time, the row is
    skipped as inconclusive.
    """

    @keyword
    def ask_again(self, prompt: str, *, times: int, max_tokens: int = 1) -> Latencies:
        """Ask the same question again and again, one answer after the other; watch the machine meanwhile.

        Args:
            prompt: the user message.
            times: number of measured answers; one more before them opens the connection.
            max_tokens: upper bound of each answer, in tokens.

        Raises:
            GatewayRefused: one was answered with an error.

        ```robotframework
        ${answers} =    Ask Again    Say hello.    times=5
        Get Latency    ${answers}    p50    <    ${ANSWER_WITHIN_S}
        ```
        """
        client = target.client()
        client.ask(prompt, max_tokens=max_tokens, temperature=0)
        samples, machines, spans = [], [], []
        with StallWatch() as watch:
            for _ in range(times):
                began = clock.now()
                samples.append(client.ask(prompt, max_tokens=max_tokens, temperature=0).total_s)
                spans.append((began, clock.now()))
                machines.append(measure_machine(_CONTROL_S))
        stalls = tuple(watch.stalled_s(*span) for span in spans)
        return Latencies(f"answers of up to {max_tokens} tokens", tuple(samples), tuple(machines), stalls)

    @keyword
    def get_slow_answers(
        self,
        latencies: Latencies,
        beyond_s: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of answers that took longer than three times the median, and `beyond_s` longer than it.

        Args:
            latencies: from [Ask Again].
            beyond_s: seconds.
            assertion_operator: such as `==`.
            assertion_expected: a number of answers.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, and the machine does not explain it.
            SkipExecution: it failed, and the machine is too busy for a verdict.

        ```robotframework
        ${answers} =    Ask Again    Say hello.    times=30
        Get Slow Answers    ${answers}    ${SLOW_ANSWER_BEYOND_S}    ==    0
        ```
        """
        samples = latencies.samples_s
        middle = median(samples)
        floor_s = max(_TIMES_OF_MEDIAN * middle, middle + beyond_s)
        slow = [number for number, each in enumerate(samples) if each > floor_s]
        shown = ", ".join(f"{samples[number]:.2f} s" for number in slow[:5]) or "none"
        label = f"Slow answers among {len(samples)} equal ones (median {middle:.3f} s, slow: {shown})"
        logger.info(label)
        try:
            return verify(len(slow), assertion_operator, assertion_expected, label, message)
        except AssertionError as failure:
            machines = [latencies.machine_at(number) for number in slow]
            stalls_s = latencies.stalls_s or (0.0,) * len(samples)
            explained = (
                samples[number] - stalls_s[number]
                <= max(_TIMES_OF_MEDIAN * middle, middle + machine.explains_s(beyond_s))
                for number, machine in zip(slow, machines, strict=True)
            )
            if not slow or not all(explained):
                raise
            skip_as_inconclusive(str(failure), max(machines, key=lambda machine: machine.slowdown))

    @keyword
    def get_longest_silence(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The longest time between two events of a stream from its first text on, in seconds.

        A silence of less than twenty times the stream's median gap counts as its pace, and as 0.

        Args:
            stream: the stream.
            assertion_operator: such as `<`.
            assertion_expected: seconds.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, and the machine does not explain it.
            SkipExecution: it failed, and the machine is too busy for a verdict.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a story.
        Get Longest Silence    ${stream}    <    ${SILENCE_BELOW_S}
        ```
        """
        moments = [event.at_s for event in stream.events if stream.ttft_s is not None and event.at_s >= stream.ttft_s]
        pairs = enumerate(pairwise(moments), start=1)
        gaps = [Silence(after - before, number, len(moments)) for number, (before, after) in pairs]
        middle = median([gap.length_s for gap in gaps]) if gaps else 0.0
        longest = max(gaps, key=lambda gap: gap.length_s, default=Silence(0.0, 0, len(moments)))
        silence_s = longest.length_s if longest.length_s > _SILENCES_OF_MEDIAN * middle else 0.0
        where = f"after event {longest.after} of {longest.of}, whose median gap is {middle:.3f} s"
        label = f"The longest silence within the stream, {longest.length_s:.3f} s {where}, in seconds"
        logger.info(label)
        return verify_time(silence_s, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_median_gap(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The median time between two pieces of a stream's text, in seconds.

        Raises:
            AssertionError: fewer than two pieces came, or the comparison failed.
            SkipExecution: it failed, and the machine is too busy for a verdict.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a story.    max_tokens=20
        Get Median Gap    ${stream}    <    ${MEDIAN_GAP_BELOW_S}
        ```
        """
        gaps = stream.gaps_s
        if not gaps:
            raise AssertionError(f"The stream's text should come in several pieces, but came in {len(stream.pieces)}")
        label = f"Median of {len(gaps)} gaps between the stream's pieces of text (s)"
        return verify_time(median(gaps), assertion_operator, assertion_expected, label, message, wait_s=0)

    @keyword
    def get_time_after_closing_mark(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """Seconds from `[DONE]` to the end of the stream's body; `${None}` without `[DONE]`.

        ```robotframework
        ${stream} =    Stream Chat    Say hello.    max_tokens=4
        Get Time After Closing Mark    ${stream}    <    ${STREAM_ENDS_WITHIN_S}
        ```
        """
        marks = [event.at_s for event in stream.events if event.is_done]
        value = stream.total_s - marks[0] if marks else None
        label = "From the stream's [DONE] to its end (s)"
        return verify_time(value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_largest_burst_share(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """The share of a stream's pieces of text, from 0 to 1, that came in the largest single read.

        Raises:
            ValueError: no text came.

        ```robotframework
        ${stream} =    Stream Chat    Tell me a story.
        Get Largest Burst Share    ${stream}    <=    ${BURST_SHARE_MAX}
        ```
        """
        reads = Counter(piece.at_s for piece in stream.pieces)
        if not reads:
            raise ValueError("The stream brought no text; raise max_tokens")
        largest, total = max(reads.values()), len(stream.pieces)
        label = f"Share of the stream's text in its largest read ({largest} of {total} pieces, {len(reads)} reads)"
        return verify(largest / total, assertion_operator, assertion_expected, label, message)

    @keyword
    def stream_together(self, prompt: str, *, times: int, max_tokens: int = 32) -> list[StreamedAnswer]:
        """Ask for several streams at the same moment, each on a new connection, and read them to their ends.

        Args:
            prompt: the user message of each.
            times: number of streams.
            max_tokens: upper bound of each, in tokens.

        Raises:
            GatewayRefused: one was answered with an error.

        ```robotframework
        ${streams} =    Stream Together    Tell me a story.    times=4
        Streams Should Run Side By Side    ${streams}
        ```
        """
        streams = target.client().stream_together([prompt] * times, max_tokens=max_tokens)
        for stream in streams:
            logger.info(repr(stream))
        return streams

    @keyword
    def streams_should_run_side_by_side(self, streams: list[StreamedAnswer]) -> None:
        """Verify that no stream waited for the end of another one before its first text.

        Of streams that are answered one after the other, some begin when more than a fifth of the whole time has passed
        since the first end. The order holds on a slow machine too. Streams that were all whole within half a second
        waited for nothing that a user notices, and pass.

        Raises:
            AssertionError: a stream brought no text, or its first text came so long after another's end.

        ```robotframework
        ${streams} =    Stream Together    Tell me a story.    times=4
        Streams Should Run Side By Side    ${streams}
        ```
        """
        started_at = min(stream.exchange.sent_at for stream in streams)
        firsts_s = sorted(_first_at(stream) - started_at for stream in streams)
        ends_s = sorted(stream.exchange.sent_at + stream.total_s - started_at for stream in streams)
        whole_s, first_end_s = ends_s[-1], ends_s[0]
        late = [first_s for first_s in firsts_s if first_s > first_end_s + _LATE_SHARE * whole_s]
        if late and whole_s > _UNNOTICED_S:
            waits = ", ".join(f"{first_s:.2f} s" for first_s in firsts_s)
            raise AssertionError(
                f"{len(late)} of {len(streams)} streams that were asked for together began only after one of them had "
                f"ended, {first_end_s:.2f} s after the start; the first texts came after {waits}"
            )


def _first_at(stream: StreamedAnswer) -> float:
    if stream.ttft_s is None:
        raise AssertionError(f"A stream of several brought no text: {stream!r}")
    return stream.exchange.sent_at + stream.ttft_s
