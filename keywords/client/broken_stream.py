"""Broken streams: start a stream, disturb the gateway, and check how the stream ends."""

from __future__ import annotations

from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.client.streaming import log_stream
from keywords.engine import clock
from keywords.engine.openai import conformance
from keywords.engine.openai.client import RunningStream, StreamedAnswer
from keywords.run import target
from keywords.run.arguments import CONVERTERS, Fields
from keywords.run.assertions import verify, verify_no_defects
from keywords.run.inconclusive import verify_time


@library(scope="SUITE", doc_format="MARKDOWN", converters=CONVERTERS)
class BrokenStreamLibrary:
    """Keep a stream running while the row disturbs the gateway, and check its end.

    The `Get…` keywords return a value; with an operator and an expected value they also verify it, and `message` then
    replaces the usual message.
    """

    @keyword
    def start_stream(
        self,
        prompt: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = 256,
        extra: Fields = None,
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

        ```robotframework
        ${running} =    Start Stream    Tell me a long story.
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
            running: from [Start Stream].
            within: maximum wait.

        Returns:
            As `Stream Chat`.

        Raises:
            TimeoutError: the stream did not end in time.

        ```robotframework
        ${running} =    Start Stream    Tell me a long story.
        ${stream} =    Finish Stream    ${running}    within=30 s
        ```
        """
        stream = running.finish(within.total_seconds())
        log_stream(stream)
        return stream

    @keyword
    def note_moment(self) -> float:
        """The current time on the streams' clock, for [Get Time From Moment To End].

        ```robotframework
        ${moment} =    Note Moment
        ```
        """
        return clock.now()

    @keyword
    def stream_should_say_that_it_broke_off(self, stream: StreamedAnswer) -> None:
        """Verify the stream of a failed backend: one error event with all four keys, no finish reason, then `[DONE]`.

        Raises:
            AssertionError: with every defect in it.

        ```robotframework
        Stream Should Say That It Broke Off    ${stream}
        ```
        """
        verify_no_defects("Not an honest end of a broken stream", conformance.broken_stream_defects(stream))

    @keyword
    def get_stream_error_code(
        self,
        stream: StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str | None:
        """The code in the error event of a stream; `${None}` without an error event.

        ```robotframework
        Get Stream Error Code    ${stream}    ==    backend_disconnected
        ```
        """
        code = None if stream.error is None else stream.error.get("code")
        label, details = "The code of the stream's error", f"the error is {stream.error}"
        return verify(code, assertion_operator, assertion_expected, label, message, details)

    @keyword
    def get_time_from_moment_to_end(
        self,
        stream: StreamedAnswer,
        moment: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Seconds from a moment, noted by [Note Moment], to the end of the stream.

        ```robotframework
        Get Time From Moment To End    ${stream}    ${moment}    <    2
        ```
        """
        value = stream.exchange.sent_at + stream.total_s - moment
        return verify_time(
            value, assertion_operator, assertion_expected, "From the moment to the stream's end (s)", message
        )
