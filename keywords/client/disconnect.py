"""Clients that disconnect before their answer is complete."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.evidence.collector import COLLECTOR
from keywords.engine.http import disconnect
from keywords.engine.http.disconnect import Disconnect
from keywords.engine.machine import Deadline, measure_machine
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.engine.waiting import wait_until
from keywords.run import target
from keywords.run.inconclusive import skip_as_inconclusive

_AT_ONCE = timedelta(0)
_ASKED_WITHIN_S = 15.0


@library(scope="GLOBAL", doc_format="MARKDOWN")
class DisconnectLibrary:
    """Ask and disconnect. `RecordingLibrary` knows when the backend noticed.

    ```robotframework
    ${departure} =    Ask And Leave    Hello.    asked=${BACKEND}
    Get Time From Moment To Disconnect    ${BACKEND}    ${departure.at_s}    <    0.1
    ```
    """

    @keyword
    def ask_and_leave(
        self,
        prompt: str,
        after: timedelta = _AT_ONCE,
        *,
        asked: ScriptedBackend | None = None,
        **fields: float | str,
    ) -> Disconnect:
        """Ask for a plain answer and close the connection without waiting for it.

        Args:
            prompt: the user message.
            after: delay of the disconnect after the request was sent, or after the backend was asked.
            asked: disconnect only when the gateway has asked this backend.
            fields: further fields of the request.

        Returns:
            The moment of the disconnect, in seconds on the monotonic clock.

        Raises:
            AssertionError: the backend was not asked within 15 seconds.

        ```robotframework
        ${departure} =    Ask And Leave    Hello.    asked=${BACKEND}
        ```
        """
        return _leave(prompt, fields, after, 0, asked)

    @keyword
    def stream_and_leave(
        self,
        prompt: str,
        after: timedelta = _AT_ONCE,
        *,
        events: int = 1,
        asked: ScriptedBackend | None = None,
        **fields: int | float | str,  # noqa: PYI041
    ) -> Disconnect:
        """Ask for a stream and close the connection in the middle of it.

        Args:
            prompt: the user message.
            after: delay of the disconnect after the last awaited event.
            events: number of events to await; 0 disconnects before the first byte.
            asked: as for [Ask And Leave].
            fields: further fields of the request.

        Raises:
            AssertionError: as for [Ask And Leave].
            OSError: an awaited event did not arrive within 30 seconds.
            ConnectionError: the stream ended before the last awaited event.

        ```robotframework
        ${departure} =    Stream And Leave    Tell me a story.    events=2
        ```
        """
        return _leave(prompt, {"stream": True, **fields}, after, events, asked)

    @keyword
    def client_should_have_left_within(self, limit: timedelta, departure: Disconnect, backend: ScriptedBackend) -> None:
        """End the row without a verdict if the client left later than so long after the backend was asked first.

        Raises:
            SkipExecution: it left later, because this machine let it wait.

        ```robotframework
        ${departure} =    Ask And Leave    Hello.    after=200 ms    asked=${BACKEND}
        Client Should Have Left Within    600 ms    ${departure}    ${BACKEND}
        ```
        """
        left_s = departure.at_s - backend.chat_requests()[0].at_s
        if left_s > limit.total_seconds():
            finding = f"The client left {left_s:.2f} s after the backend was asked, and not within {limit}"
            skip_as_inconclusive(finding, measure_machine())


def _leave(
    prompt: str, fields: dict[str, Any], after: timedelta, events: int, asked: ScriptedBackend | None
) -> Disconnect:
    client = target.client()
    body = {"model": client.model, "messages": [{"role": "user", "content": prompt}], **fields}
    departure = disconnect.send_and_disconnect(
        client.base_url,
        body,
        api_key=target.api_key(),
        observe=COLLECTOR.add,
        after_s=after.total_seconds(),
        after_events=events,
        once=_asking(asked) if asked is not None else lambda: None,
    )
    read = f"status {departure.status}, {len(departure.received)} bytes" if departure.status else "nothing"
    logger.info(f"Left at {departure.at_s:.4f} s of the monotonic clock, having read {read}")
    return departure


def _asking(backend: ScriptedBackend) -> Callable[[], object]:
    """A wait for the backend's next request; the count begins now."""
    before = len(backend.chat_requests())
    return lambda: wait_until(
        backend.chat_requests,
        lambda requests: len(requests) > before,
        Deadline(_ASKED_WITHIN_S),
        lambda _: AssertionError(f"The gateway did not ask the backend within {_ASKED_WITHIN_S:g} s"),
    )
