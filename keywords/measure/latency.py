"""Latency of answers."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.http.exchange import Exchange
from keywords.engine.machine import WAIT_S, Deadline, Machine, measure_machine
from keywords.engine.statistics.percentiles import percentile
from keywords.run import target
from keywords.run.assertions import shown
from keywords.run.inconclusive import verify_time

_PROBES_WITHIN_S = 60.0
Statistic = Literal["p50", "p90", "p95", "p99", "max"]


@dataclass(frozen=True, slots=True)
class Latencies:
    """Latencies of equal requests, one after the other.

    Attributes:
        what: what was measured, in the plural, such as `answers to GET /health`.
        samples_s: seconds from sending to the end of each answer.
        machines: the machine's state after each answer; empty if it was not measured.
        stalls_s: seconds of each answer in which this process got no core; empty if they were not measured.
    """

    what: str
    samples_s: tuple[float, ...]
    machines: tuple[Machine, ...] = ()
    stalls_s: tuple[float, ...] = ()

    def machine_at(self, number: int) -> Machine:
        """The machine's busiest state around an answer, by its number from 0; its state now if none was measured."""
        around = self.machines[max(0, number - 1) : number + 1]
        return max(around, key=lambda machine: machine.slowdown) if around else measure_machine()


@library(scope="SUITE", doc_format="MARKDOWN")
class LatencyLibrary:
    """Measure in one keyword, verify in another."""

    @keyword
    def send_probes(self, path: str, *, times: int) -> Latencies:
        """Send the same GET request again and again on one connection.

        Args:
            path: from the first slash.
            times: number of measured requests; one more before them opens the connection.

        Raises:
            AssertionError: one of them was not answered with 200, or not all of them within a minute.

        ```robotframework
        ${probes} =    Send Probes    /health/live    times=60
        ```
        """
        client = target.client()
        deadline, exchanges = Deadline(_PROBES_WITHIN_S), []
        for number in range(times + 1):
            if deadline.is_over():
                raise AssertionError(f"{times} GET {path} should take a minute at most, but {number} took as long")
            exchanges.append(client.send("GET", path))
        exchanges = exchanges[1:]
        refused = [exchange.status for exchange in exchanges if exchange.status != HTTPStatus.OK]
        if refused:
            raise AssertionError(f"{len(refused)} of {times} GET {path} were not answered with 200: {refused[:5]}")
        return Latencies(f"answers to GET {path}", tuple(exchange.total_s for exchange in exchanges))

    @keyword
    def get_latency(
        self,
        latencies: Latencies,
        statistic: Statistic,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get a statistic of measured times, in seconds, and optionally verify it.

        Args:
            latencies: from [Send Probes], or `Ask Again` of `PaceLibrary`.
            statistic: a percentile by nearest rank, or the largest time.
            assertion_operator: such as `<`.
            assertion_expected: seconds.
            message: replaces the usual message.

        Raises:
            TypeError: the argument is not from [Send Probes].
            ValueError: there are too few samples for the percentile.
            AssertionError: the comparison failed.
            SkipExecution: it failed, and the machine is too busy for a verdict.

        ```robotframework
        ${probes} =    Send Probes    /health/live    times=60
        Get Latency    ${probes}    p95    <    ${HEALTH_P95_S}
        ```
        """
        if not isinstance(latencies, Latencies):
            raise TypeError(
                f"Get Latency takes what Send Probes returns, got {shown(latencies)}; "
                f"for numbers of your own use Get Percentile"
            )
        samples = latencies.samples_s
        value = max(samples) if statistic == "max" else percentile(samples, int(statistic[1:]))
        label = f"{statistic} of {len(samples)} {latencies.what} (s)"
        logger.info(f"{label} {value:.6f}")
        wait_s = 0.0 if statistic == "p50" else WAIT_S
        return verify_time(value, assertion_operator, assertion_expected, label, message, wait_s=wait_s)

    @keyword
    def get_answer_time(
        self,
        exchange: Exchange,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Seconds from sending a request to the end of its answer.

        ```robotframework
        ${exchange} =    Send Payload    plain.json
        Get Answer Time    ${exchange}    <    5
        ```
        """
        label = f"Time of the answer to {exchange.method} {exchange.url} (s)"
        return verify_time(exchange.total_s, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_time_beyond_deadline(
        self,
        exchange: Exchange,
        deadline: timedelta,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Seconds between a deadline and the end of an answer; below 0 if the answer ended before.

        Args:
            exchange: the answer.
            deadline: counted from the sending of the request.
            assertion_operator: such as `<`.
            assertion_expected: seconds.
            message: replaces the usual message.

        ```robotframework
        ${exchange} =    Send Payload    plain.json
        Get Time Beyond Deadline    ${exchange}    1 s    <    ${DEADLINE_SLACK_S}
        ```
        """
        value = exchange.total_s - deadline.total_seconds()
        label = f"Time beyond the deadline of {deadline.total_seconds():g} s (s)"
        details = f"the answer took {exchange.total_s:.3f} s"
        return verify_time(value, assertion_operator, assertion_expected, label, message, details)
