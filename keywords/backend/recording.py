"""The record of a scripted backend: requests, chunks that it sent, and disconnects of its client."""

from datetime import timedelta
from itertools import pairwise
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.scripted.backend import RecordedRequest, ScriptedBackend
from keywords.run.assertions import verify
from keywords.run.inconclusive import verify_time

Extreme = Literal["min", "max"]
_SOON = timedelta(seconds=5)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class RecordingLibrary:
    """Read the record of a scripted backend, and verify it.

    Requests for an answer count, probes do not. All moments are seconds on the monotonic clock, which all processes of
    a machine share.

    ```robotframework
    ${recorded} =    Get Recorded Requests    ${backend}
    Get Request Count    ${backend}    ==    1
    ${moment} =    Get Client Disconnect Time    ${backend}
    ```
    """

    @keyword
    def get_recorded_requests(self, backend: ScriptedBackend) -> list[RecordedRequest]:
        """The requests for an answer that reached the backend, in order, byte for byte."""
        return backend.chat_requests()

    @keyword
    def get_request_count(
        self,
        backend: ScriptedBackend,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of requests for an answer that reached the backend.

        ```robotframework
        Get Request Count    ${backend}    ==    1
        ```
        """
        return verify(len(backend.chat_requests()), assertion_operator, assertion_expected, "Requests", message)

    @keyword
    def get_request_count_growth(
        self,
        backend: ScriptedBackend,
        since: int,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """The number of requests for an answer since an earlier [Get Request Count].

        ```robotframework
        ${before} =    Get Request Count    ${backend}
        Get Request Count Growth    ${backend}    ${before}    ==    1
        ```
        """
        growth = len(backend.chat_requests()) - since
        return verify(growth, assertion_operator, assertion_expected, f"Requests after the first {since}", message)

    @keyword
    def await_request_count(self, backend: ScriptedBackend, count: int, within: timedelta = _SOON) -> None:
        """Wait until a number of requests for an answer have reached the backend.

        Raises:
            AssertionError: there were fewer in time.

        ```robotframework
        Await Request Count    ${backend}    1
        ```
        """
        requests = backend.await_requests(lambda requests: len(requests) >= count, within.total_seconds())
        if len(requests) < count:
            raise AssertionError(f"{len(requests)} requests came within {within.total_seconds():g} s, not {count}.")

    @keyword
    def get_surplus_wait(
        self,
        backend: ScriptedBackend,
        requested_s: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Seconds by which the wait before the last request exceeded the requested wait; below 0 if shorter.

        Raises:
            AssertionError: fewer than two requests for an answer reached the backend, or the comparison failed.

        ```robotframework
        Get Surplus Wait    ${backend}    0.4    >=    0
        ```
        """
        moments = [request.at_s for request in backend.chat_requests()]
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        if not gaps:
            raise AssertionError(f"There is no wait between requests: the backend recorded {len(moments)}.")
        label = f"Wait of {gaps[-1]:.4f} s, beyond the {requested_s:g} s that were asked for (s)"
        return verify_time(gaps[-1] - requested_s, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_chunk_send_times(self, backend: ScriptedBackend, request: int = -1) -> list[float]:
        """The time of each chunk that the backend sent, in seconds on the monotonic clock.

        Args:
            backend: the sender.
            request: number of the request: 0 is the first, -1 the last.

        Raises:
            AssertionError: there is no such request.

        ```robotframework
        ${times} =    Get Chunk Send Times    ${backend}
        ```
        """
        return [sent.at_s for sent in _recorded(backend.chat_requests(), request).sent if sent.chunk is not None]

    @keyword
    def get_pause_between_chunks(
        self,
        backend: ScriptedBackend,
        statistic: Extreme,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        request: int = -1,
    ) -> float:
        """Seconds between two chunks of a stream, as the backend sent them.

        Args:
            backend: the sender.
            statistic: `min` or `max`.
            assertion_operator: how to compare; without it the value is only returned.
            assertion_expected: seconds.
            message: replaces the usual message.
            request: number of the request: 0 is the first, -1 the last.

        Raises:
            AssertionError: there is no such request, it has fewer than two chunks, or the comparison failed.

        ```robotframework
        Get Pause Between Chunks    ${backend}    min    >=    0.2
        ```
        """
        pauses = [later - earlier for earlier, later in pairwise(self.get_chunk_send_times(backend, request))]
        return _verify_extreme(
            pauses, statistic, assertion_operator, assertion_expected, "Pause of chunks (s)", message
        )

    @keyword
    def get_transit_time_of_chunks(
        self,
        backend: ScriptedBackend,
        stream: StreamedAnswer,
        statistic: Extreme,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        request: int = -1,
    ) -> float:
        """Seconds from the backend's sending of a chunk to the client's reading of it.

        Backend and client share one clock on Linux and macOS.

        Args:
            backend: the sender.
            stream: the client's stream.
            statistic: `min` or `max`.
            assertion_operator: how to compare; without it the value is only returned.
            assertion_expected: seconds.
            message: replaces the usual message.
            request: number of the request at the backend: 0 is the first, -1 the last.

        Raises:
            AssertionError: the numbers of pieces read and chunks sent differ, or the comparison failed.

        ```robotframework
        Get Transit Time Of Chunks    ${backend}    ${stream}    max    <    0.05
        ```
        """
        sent = self.get_chunk_send_times(backend, request)
        if len(sent) != len(stream.pieces):
            raise AssertionError(f"{len(sent)} chunks were sent, and {len(stream.pieces)} pieces of text were read.")
        began = stream.exchange.sent_at
        transits = [began + piece.at_s - at_s for piece, at_s in zip(stream.pieces, sent, strict=True)]
        return _verify_extreme(transits, statistic, assertion_operator, assertion_expected, "Transit (s)", message)

    @keyword
    def get_client_disconnect_time(
        self, backend: ScriptedBackend, request: int = -1, within: timedelta = _SOON
    ) -> float:
        """The time when the client closed the connection of a request before the end of its answer.

        Args:
            backend: the backend of the request.
            request: number of the request: 0 is the first, -1 the last.
            within: maximum wait.

        Returns:
            Seconds on the monotonic clock, like `Note Moment`.

        Raises:
            AssertionError: the client stayed connected, or there is no such request.

        ```robotframework
        ${moment} =    Get Client Disconnect Time    ${backend}    within=1 s
        ```
        """
        requests = backend.await_requests(lambda requests: _has_ended(requests, request), within.total_seconds())
        recorded = _recorded(requests, request)
        if recorded.disconnected_at_s is not None:
            return recorded.disconnected_at_s
        if recorded.ended_at_s is not None:
            raise AssertionError(f"The client stayed until the answer had ended ({recorded.ending}).")
        raise AssertionError(f"The client was still there after {within.total_seconds():g} s.")

    @keyword
    def get_time_from_moment_to_disconnect(
        self,
        backend: ScriptedBackend,
        moment: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        request: int = -1,
        within: timedelta = _SOON,
    ) -> float:
        """Seconds from a moment, as `Note Moment` gives it, until the client closed the connection of a request.

        Args:
            backend: the backend of the request.
            moment: seconds on the monotonic clock.
            assertion_operator: how to compare; without it the value is only returned.
            assertion_expected: seconds.
            message: replaces the usual message.
            request: number of the request: 0 is the first, -1 the last.
            within: maximum wait.

        Raises:
            AssertionError: as [Get Client Disconnect Time], or the comparison failed.

        ```robotframework
        Get Time From Moment To Disconnect    ${backend}    ${moment}    <    0.1
        ```
        """
        value = self.get_client_disconnect_time(backend, request, within) - moment
        label = "From the moment until the client closed the connection (s)"
        return verify_time(value, assertion_operator, assertion_expected, label, message)


def _recorded(requests: list[RecordedRequest], request: int) -> RecordedRequest:
    try:
        return requests[request]
    except IndexError:
        raise AssertionError(f"There is no request {request}: the backend recorded {len(requests)}.") from None


def _verify_extreme(
    values: list[float],
    statistic: Extreme,
    operator: AssertionOperator | None,
    expected: float | None,
    label: str,
    message: str | None,
) -> float:
    if not values:
        raise AssertionError(f"{label}: the stream has too few chunks.")
    value = min(values) if statistic == "min" else max(values)
    logger.info(f"{label}: {', '.join(f'{each:.4f}' for each in values)}")
    return verify_time(value, operator, expected, f"{statistic} of {label}", message)


def _has_ended(requests: list[RecordedRequest], request: int) -> bool:
    try:
        recorded = requests[request]
    except IndexError:
        return False
    return recorded.disconnected_at_s is not None or recorded.ended_at_s is not None
