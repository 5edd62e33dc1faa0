"""Events in a serving gateway's life: signals to stop or reload, the loss of a worker, the return of its model."""

import json
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import psutil
from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keywords.engine import clock
from keywords.engine.machine import Deadline, StallWatch, measure_machine
from keywords.engine.openai.client import RunningStream, StreamedAnswer
from keywords.engine.processes.gateway import GatewayProcessError
from keywords.engine.waiting import wait_until
from keywords.run import target
from keywords.run.assertions import verify
from keywords.run.context import Gateway, chosen_gateway
from keywords.run.inconclusive import skip_as_inconclusive
from keywords.run.scopes import SCOPES

Signal = Literal["SIGTERM", "SIGINT", "SIGHUP"]
_WITHIN = timedelta(seconds=10)


@library(scope="GLOBAL", doc_format="MARKDOWN", listener=SCOPES)
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
        """Send the gateway's main process a signal, without waiting for the effect."""
        if sys.platform == "win32":
            raise SkipExecution(f"Windows cannot send {name} to a process.")
        chosen_gateway(gateway).process.send_signal(getattr(signal, name))

    @keyword
    def replace_gateway_config(self, config: Path, by: Path) -> None:
        """Replace a configuration file by the contents of another, in one step, as an editor saves.

        ```robotframework
        Replace Gateway Config    ${config}    ${other}
        ```
        """
        copy = config.with_suffix(".new")
        shutil.copyfile(by, copy)
        copy.replace(config)

    @keyword
    def reload_gateway(self, gateway: Gateway | None = None, within: timedelta = _WITHIN) -> dict[str, Any]:
        """Send SIGHUP and wait until the gateway has reloaded its configuration.

        Returns:
            The line of its log; `event` is `config_reloaded` or `config_not_reloaded`.

        Raises:
            AssertionError: there was no such line in time.

        ```robotframework
        ${entry} =    Reload Gateway    ${gateway}
        Get Field    ${entry}    event    ==    config_reloaded
        ```
        """
        gateway = chosen_gateway(gateway)
        before = len(_reloads(gateway))
        self.signal_gateway("SIGHUP", gateway)
        return self.await_reload(before + 1, gateway, within)

    @keyword
    def await_reload(self, count: int, gateway: Gateway | None = None, within: timedelta = _WITHIN) -> dict[str, Any]:
        """Wait for a gateway's n-th reload since its start, and return its log line.

        Raises:
            AssertionError: there were fewer in time.

        ```robotframework
        Await Reload    1    ${gateway}
        ```
        """
        gateway = chosen_gateway(gateway)
        reloads = wait_until(
            lambda: _reloads(gateway),
            lambda reloads: len(reloads) >= count,
            Deadline(within.total_seconds()),
            lambda reloads: AssertionError(
                f"{len(reloads)} readings of the configuration instead of {count} within {within}"
            ),
        )
        logger.info(reloads[count - 1])
        return reloads[count - 1]

    @keyword
    def kill_a_worker(self, gateway: Gateway | None = None, within: timedelta = _WITHIN) -> None:
        """Kill one worker process of a gateway, and wait for its replacement.

        Raises:
            GatewayProcessError: the gateway has no worker processes.
            AssertionError: no worker replaced it in time.

        ```robotframework
        Kill A Worker    ${gateway}
        ```
        """
        gateway = chosen_gateway(gateway)
        before = _starts_of_workers(gateway)
        gateway.process.model_process().kill()
        wait_until(
            lambda: _starts_of_workers(gateway),
            lambda starts: starts != before,
            Deadline(within.total_seconds()),
            lambda _: AssertionError(f"No worker took the place of the one that was killed within {within}"),
        )

    @keyword
    def suspend_a_worker(self, gateway: Gateway | None = None) -> None:
        """Suspend one worker process of a gateway; the others get all requests.

        It resumes at the end of the row or suite that suspends it.

        ```robotframework
        Suspend A Worker    ${GATEWAY}
        ```
        """
        worker = chosen_gateway(gateway).process.model_process()
        SCOPES.remember(lambda: _resume(worker))
        worker.suspend()

    @keyword
    def gateway_should_be_ready_within(self, limit: timedelta, gateway: Gateway | None = None) -> float:
        """Wait until `/health/ready` answers yes.

        Returns:
            The seconds until then.

        Raises:
            AssertionError: it was not ready in time, or has ended.
            SkipExecution: it was ready late, and the machine is too busy for a verdict.

        ```robotframework
        Kill Model Process Of Gateway
        Gateway Should Be Ready Within    5 s
        ```
        """
        process = chosen_gateway(gateway).process
        with StallWatch() as watch:
            began = clock.now()
            try:
                took_s = process.wait_ready(limit.total_seconds())
            except GatewayProcessError as error:
                # As much longer as this process, and so perhaps all of the machine, stood still.
                stalled_s = watch.stalled_s(began, clock.now())
                if not stalled_s:
                    raise AssertionError(str(error)) from error
                with suppress(GatewayProcessError):
                    process.wait_ready(stalled_s)
                    finding = f"Ready after {clock.now() - began:.3f} s, and not within {limit}"
                    skip_as_inconclusive(finding, measure_machine())
                raise AssertionError(str(error)) from error
        if took_s > limit.total_seconds():
            skip_as_inconclusive(f"Ready after {took_s:.3f} s, and not within {limit}", measure_machine())
        logger.info(f"Ready after {took_s:.3f} s")
        return took_s

    @keyword
    def get_exit_status(
        self,
        gateway: Gateway,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
        *,
        within: timedelta = _WITHIN,
    ) -> int:
        """Wait until a gateway ends without help; its exit status, below zero if a signal killed it.

        Raises:
            GatewayProcessError: it still runs when the time is over.

        ```robotframework
        Get Exit Status    ${gateway}    ==    0
        ```
        """
        status = gateway.process.wait_end(within.total_seconds())
        return verify(status, assertion_operator, assertion_expected, "Exit status of the gateway", message)

    @keyword
    def start_streams(self, count: int, prompt: str) -> list[RunningStream]:
        """Start streams at once, wait for the first content of each and leave them running.

        Raises:
            GatewayRefused: the gateway answered one with an error.

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
    def finish_streams(self, running: list[RunningStream], within: timedelta = _WITHIN) -> list[StreamedAnswer]:
        """Wait for the ends of streams that run in the background, in the order of their starts.

        Args:
            running: from [Start Streams].
            within: maximum wait for each.

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
        """The number of streams with the whole text, one finish reason and the closing `[DONE]`.

        ```robotframework
        Get Whole Stream Count    ${streams}    One two three four.    ==    50
        ```
        """
        faults = [_stream_fault(stream, text) for stream in streams]
        label, details = "Number of whole streams", f"of the others: {'; '.join(sorted(set(filter(None, faults))))}"
        return verify(faults.count(""), assertion_operator, assertion_expected, label, message, details)


def _resume(worker: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
        worker.resume()


def _reloads(gateway: Gateway) -> list[dict[str, Any]]:
    """The log lines about reloads."""
    lines = gateway.log.read_text("utf-8", "replace").splitlines(keepends=True)
    return [json.loads(line) for line in lines if "reloaded" in line and line.endswith("\n")]


def _starts_of_workers(gateway: Gateway) -> int:
    return gateway.log.read_text("utf-8", "replace").count('"event":"worker_started"')


def _stream_fault(stream: StreamedAnswer, text: str) -> str:
    """What is wrong with a stream; empty if it is whole."""
    if stream.failure or stream.error:
        return str(stream.failure or stream.error)
    if stream.text != text:
        return f"{len(stream.text)} of {len(text)} characters"
    return "" if stream.closed and len(stream.finish_reasons) == 1 else "not closed"
