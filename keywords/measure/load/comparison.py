"""Comparisons: load runs with each other, the end of one with its begin, and its tokens with their price."""

from __future__ import annotations

from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.metrics.added_latency import added_latency
from keywords.engine.load.metrics.cost import Price, cost
from keywords.engine.load.session import LoadRun
from keywords.engine.statistics.percentiles import TooFewValuesError
from keywords.measure.load.metrics import Metric
from keywords.measure.load.verdicts import refuse_number, require_valid, verify_ratio, verify_seconds
from keywords.run.assertions import verify

Latency = Literal["ttft_first_byte", "ttft_first_content", "e2e"]
_DECIMALS = 10
"""Of a cost in US dollars; far below the price of one token."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadComparisonLibrary:
    """Compare load runs.

    ```robotframework
    ${one} =    Run Load    users=8    duration=2 s    series=replicas
    ${two} =    Run Load    users=8    duration=2 s    series=replicas
    Get Throughput Ratio    ${two}    ${one}    >    ${SCALING_MIN}
    ```
    """

    @keyword
    def get_added_latency(
        self,
        through: LoadRun,
        direct: LoadRun,
        metric: Latency,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the median of what a gateway adds to a latency, in seconds, on the same requests with and without it.

        Args:
            through: run through the gateway.
            direct: the same prompts, sent to the backend.
            metric: which latency.
            assertion_operator: such as `<`.
            assertion_expected: seconds.
            message: replaces the usual message.

        Raises:
            AssertionError: the comparison failed, a run is INVALID, or they have too few requests in common.
            SkipExecution: one of these, on a machine that is too busy for a verdict.

        ```robotframework
        Get Added Latency    ${through}    ${direct}    ttft_first_content    <    ${ADDED_TTFT_BELOW_S}
        ```
        """
        if assertion_operator is not None:
            require_valid(direct)
        added = added_latency(through.summary.samples, direct.summary.samples, metric)
        try:
            value = added.percentile(50)
            low, high = added.interval(50)
        except TooFewValuesError as error:
            refuse_number(f"The runs have too few requests in common: {error}")
        pairs = f"{len(added.differences_s)} pairs, 95 % interval {low:.6f} to {high:.6f} s, {added.unpaired} unpaired"
        label = f"Median of {metric} through the gateway minus direct (s), of {pairs}"
        logger.info(f"{label} {value:.6f}")
        return verify_seconds(through, value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_throughput_ratio(
        self,
        run: LoadRun,
        other: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get how many times as many whole answers per second a run has as another one.

        Raises:
            AssertionError: the comparison failed, a run is INVALID, or has no answer.
            SkipExecution: one of these, on a machine that is too busy for a verdict.

        ```robotframework
        Get Throughput Ratio    ${two}    ${one}    >    ${SCALING_MIN}
        ```
        """
        if assertion_operator is not None:
            require_valid(other)
        rates = run.summary.rps(), other.summary.rps()
        if not rates[0] or not rates[1]:
            refuse_number(f"A ratio of whole answers per second needs answers in both runs, which have {rates}")
        label = f"Ratio of {rates[0]:.3g} to {rates[1]:.3g} whole answers per second"
        return verify_ratio(run, rates[0] / rates[1], assertion_operator, assertion_expected, label, message)

    @keyword
    def get_drift(
        self,
        run: LoadRun,
        metric: Metric,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the ratio of a metric's median in the last stage to that in the first one.

        Raises:
            AssertionError: the comparison failed, the run is INVALID, or a stage has too few requests.
            SkipExecution: one of these, on a machine that is too busy for a verdict.

        ```robotframework
        ${run} =    Run Load    users=4,4,4    duration=20 s
        Get Drift    ${run}    ttft_first_content    <    ${DRIFT_BELOW}
        ```
        """
        first, last = run.summary.stages[0], run.summary.stages[-1]
        before, after = (run.summary.percentile(metric, 50, stage, failures=True) for stage in (first, last))
        if not before or after is None:
            refuse_number(f"The drift of {metric} needs 5 values in its first and its last stage: let it last longer")
        label = f"Median of {metric} in stage {last} over that in stage {first}"
        return verify_ratio(run, after / before, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_load_cost(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        input_price: float,
        output_price: float,
    ) -> float:
        """Get the cost of a load run in US dollars: its tokens, by the server's usage, by their prices.

        Args:
            run: the load run.
            assertion_operator: such as `==`.
            assertion_expected: US dollars.
            message: replaces the usual message.
            input_price: US dollars for a million tokens of prompts.
            output_price: US dollars for a million tokens of answers.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Load Cost    ${run}    ==    ${billed}    input_price=1    output_price=2
        ```
        """
        found = cost(run.summary, Price(input_per_million=input_price, output_per_million=output_price))
        logger.info(str(found))
        expected = None if assertion_expected is None else round(assertion_expected, _DECIMALS)
        label = f"Cost of {found.priced} requests (US dollars)"
        return verify(round(found.dollars, _DECIMALS), assertion_operator, expected, label, message, str(found))
