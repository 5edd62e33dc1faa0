"""Traces and metrics that a gateway exports over OTLP, and a receiver for them."""

import secrets
from datetime import timedelta
from operator import not_
from pathlib import Path

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.client.http import request_id_of
from keywords.engine.http.exchange import Exchange
from keywords.engine.machine import Deadline
from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.processes.trace_receiver import OtlpReceiver, Span
from keywords.engine.waiting import wait_until
from keywords.run.assertions import verify
from keywords.run.gateway_config import add_table
from keywords.run.scopes import SCOPES

_WITHIN = timedelta(seconds=5)


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
class TracingLibrary:
    """Receive the traces and metrics that a gateway exports.

    ```robotframework
    ${receiver} =    Start Trace Receiver
    Add Tracing To Config    ${config}    ${receiver}
    ${span}    @{attempts} =    Get Spans Of Request    ${receiver}    ${answer}
    ```
    """

    @keyword
    def start_trace_receiver(self) -> OtlpReceiver:
        """Listen for OTLP/HTTP on a free port, until the end of the row or suite that starts it."""
        receiver = OtlpReceiver()
        SCOPES.remember(receiver.stop)
        return receiver

    @keyword
    def add_tracing_to_config(self, config: Path, receiver: OtlpReceiver) -> None:
        """Configure a gateway to export to the receiver, metrics every 200 ms."""
        add_table(config, "otel", {"endpoint": receiver.url, "metrics_interval_s": 0.2})

    @keyword
    def new_trace_parent(self) -> str:
        """A new `traceparent`: its characters 3 to 35 are the trace id, 36 to 52 the id of the client's span.

        ```robotframework
        ${parent} =    New Trace Parent
        ```
        """
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"

    @keyword
    def get_spans_of_request(
        self,
        receiver: OtlpReceiver,
        request: Exchange | Answer | StreamedAnswer,
        *,
        attempts: int | None = None,
        within: timedelta = _WITHIN,
    ) -> list[Span]:
        """The span of a request, followed by the spans of its attempts in their order.

        Args:
            receiver: from [Start Trace Receiver].
            request: the client's exchange or answer.
            attempts: how many attempts the request must have; any number if left out.
            within: maximum wait.

        Raises:
            AssertionError: no span arrived in time, or another number of attempts.

        ```robotframework
        ${span}    ${attempt} =    Get Spans Of Request    ${receiver}    ${answer}    attempts=1
        ```
        """
        try:
            spans = receiver.wait_for_spans(request_id_of(request), within.total_seconds())
        except TimeoutError as error:
            raise AssertionError(str(error)) from error
        logger.info("\n".join(map(str, spans)))
        if attempts is not None:
            details = f"the request's span is {spans[0].name!r}"
            verify(len(spans) - 1, AssertionOperator["=="], attempts, "Number of attempts in the trace", None, details)
        return spans

    @keyword
    def attempt_should_lie_within_its_request(self, request: Span, attempt: Span) -> None:
        """Verify the times of two spans: the attempt takes time, and all of it within its request.

        Raises:
            AssertionError: with the times, in microseconds since the request began.

        ```robotframework
        ${span}    @{attempts} =    Get Spans Of Request    ${receiver}    ${answer}
        Attempt Should Lie Within Its Request    ${span}    ${attempts}[0]
        ```
        """
        if not request.start_ns <= attempt.start_ns < attempt.end_ns <= request.end_ns:
            began, ended, end = (
                (moment - request.start_ns) / 1000 for moment in (attempt.start_ns, attempt.end_ns, request.end_ns)
            )
            raise AssertionError(
                f"The attempt should lie between 0 us and {end:g} us, where its request begins and ends, "
                f"but it begins at {began:g} us and ends at {ended:g} us"
            )

    @keyword
    def metrics_should_arrive(self, receiver: OtlpReceiver, *names: str, within: timedelta = _WITHIN) -> None:
        """Wait until metrics of these names have arrived.

        Raises:
            AssertionError: one did not arrive in time.

        ```robotframework
        Metrics Should Arrive    ${receiver}    gen_ai.client.token.usage
        ```
        """
        wait_until(
            lambda: set(names) - receiver.metrics,
            not_,
            Deadline(within.total_seconds()),
            lambda missing: AssertionError(
                f"{', '.join(sorted(missing))} did not come within {within}; "
                f"these did: {', '.join(sorted(receiver.metrics)) or 'none'}"
            ),
        )
