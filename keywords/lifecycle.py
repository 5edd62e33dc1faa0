"""What happens to a gateway while it serves: it is told to stop, or to read its configuration again."""

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords import target
from keywords.engine.client import RunningStream, StreamedAnswer
from keywords.judging import judge
from keywords.world import Gateway, chosen_gateway

Signal = Literal["SIGTERM", "SIGINT", "SIGHUP"]
_A_WHILE = timedelta(seconds=10)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LifecycleLibrary:
    """Send a gateway signals while clients are at work.

    ```robotframework
    ${running} =    Start Streams    50    Hello.
    Signal Gateway    SIGTERM    ${gateway}
    ${streams} =    Finish Streams    ${running}
    Get Exit Status    ${gateway}    ==    0
    ```
    """

    @keyword
    def signal_gateway(self, name: Signal, gateway: Gateway | None = None) -> None:
        """Send the gateway itself a signal and do not wait for what it does."""
        chosen_gateway(gateway).process.send_signal(getattr(signal, name))

    @keyword
    def get_exit_status(
        self,
        gateway: Gateway,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
        *,
        within: timedelta = _A_WHILE,
    ) -> int:
        """Wait until a gateway has ended by itself: its exit status, below zero if a signal killed it.

        Raises:
            GatewayProcessError: it still runs after that time.

        ```robotframework
        Get Exit Status    ${gateway}    ==    0
        ```
        """
        status = gateway.process.wait_end(within.total_seconds())
        return judge(status, assertion_operator, assertion_expected, "Exit status of the gateway", message)

    @keyword
    def start_streams(self, count: int, prompt: str) -> list[RunningStream]:
        """Start so many streams at once, wait for the first content of each and leave them running.

        Raises:
            GatewayRefused: the gateway answered one with an error.
            TimeoutError: no content came within 30 seconds.

        ```robotframework
        ${running} =    Start Streams    50    Tell me a story.
        ```
        """
        client = target.client()
        with ThreadPoolExecutor(count) as pool:
            running = [pool.submit(client.start_stream, prompt) for _ in range(count)]
        logger.info(f"The first content of {count} streams came; they go on")
        return [stream.result() for stream in running]

    @keyword
    def finish_streams(self, running: list[RunningStream], within: timedelta = _A_WHILE) -> list[StreamedAnswer]:
        """Wait for the ends of streams that run in the background, in the order of their starts.

        Args:
            running: from [Start Streams].
            within: how long to wait for each.

        Raises:
            TimeoutError: one did not end in time.

        ```robotframework
        ${streams} =    Finish Streams    ${running}
        ```
        """
        return [stream.finish(within.total_seconds()) for stream in running]

    @keyword
    def get_whole_stream_count(
        self,
        streams: list[StreamedAnswer],
        text: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """How many of the streams brought all of a text, one finish reason and their closing mark.

        ```robotframework
        Get Whole Stream Count    ${streams}    One two three four.    ==    50
        ```
        """
        ends = [_end(stream, text) for stream in streams]
        label = f"Whole streams ({'; '.join(sorted({end for end in ends if end})) or 'no other'})"
        return judge(ends.count(""), assertion_operator, assertion_expected, label, message)


def _end(stream: StreamedAnswer, text: str) -> str:
    """What is wrong with a stream; empty if nothing is."""
    if stream.failure or stream.error:
        return str(stream.failure or stream.error)
    if stream.text != text:
        return f"{len(stream.text)} of {len(text)} characters"
    return "" if stream.closed and len(stream.finish_reasons) == 1 else "not closed"
