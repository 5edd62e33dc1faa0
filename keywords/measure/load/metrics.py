"""Numbers of load runs, and verdicts on them."""

from __future__ import annotations

from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.metrics.definitions import LATENCIES
from keywords.engine.load.session import LoadRun
from keywords.engine.statistics.percentiles import values_needed
from keywords.measure.load.verdicts import refuse_number, require_valid, verify_rate, verify_seconds

Metric = Literal[
    "ttft_first_byte",
    "ttft_first_content",
    "e2e",
    "ttft_first_byte_from_intended",
    "ttft_first_content_from_intended",
    "e2e_from_intended",
    "send_lag",
    "tpot_excl_first",
    "tpot_excl_first_by_token",
    "chunk_gap",
    "output_tokens_per_s",
    "output_length",
]
Statistic = Literal["mean", "p50", "p90", "p95", "p99"]
RunRate = Literal["rps", "total_output_tokens_per_s"]
_NO_TIMES = {"output_tokens_per_s", "output_length"}


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadMetricsLibrary:
    """Read the numbers of a load run, and verify them.

    With an assertion, a getter first asks whether the run is VALID: an INVALID run passes no limit. On a machine that
    is too busy to judge, the row ends without a verdict. Each metric is defined in
    `keywords.engine.load.metrics.definitions`.

    ```robotframework
    ${run} =    Run Load    users=4    duration=5 s
    Get Load Metric    ${run}    chunk_gap    p99    <    0.5
    ```
    """

    @keyword
    def load_run_should_be_valid(self, run: LoadRun) -> None:
        """Verify that the client kept up, so that the numbers are the server's.

        Raises:
            AssertionError: the run is INVALID, with the reasons.
            SkipExecution: it is, and the machine is too busy for a verdict.

        ```robotframework
        Load Run Should Be Valid    ${run}
        ```
        """
        require_valid(run)

    @keyword
    def get_load_metric(
        self,
        run: LoadRun,
        metric: Metric,
        statistic: Statistic,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        stage: int | None = None,
        answers_only: bool = False,
    ) -> float:
        """Get a statistic of a metric of all requests; times are in seconds.

        Args:
            run: the load run.
            metric: of a request; `chunk_gap` has many values for each.
            statistic: the mean, or a percentile by nearest rank. In percentiles of latencies a request that failed, or
                had not ended when the run did, counts as infinite, so that no server passes by failing or hanging.
            assertion_operator: such as `<`.
            assertion_expected: a limit, in seconds or in the metric's unit.
            message: replaces the usual message.
            stage: from 0; all stages together if left out.
            answers_only: leave these requests out, for a row about those that a server let in.

        Raises:
            AssertionError: the comparison failed, the run is INVALID, or it has too few requests for the percentile.
            SkipExecution: one of these, on a machine that is too busy for a verdict.

        ```robotframework
        Get Load Metric    ${run}    ttft_first_content    p95    <    ${LOAD_TTFT_P95_S}    stage=0
        ```
        """
        if assertion_operator is not None:
            require_valid(run)
        summary = run.summary
        count = summary.count(metric if metric != "tpot_excl_first_by_token" else "tpot_excl_first", stage)
        infinite = summary.failed(stage) + summary.cancelled(stage) if metric in LATENCIES and not answers_only else 0
        if statistic == "mean":
            value = summary.mean(metric, stage)
            needed = 1
        else:
            infinities = not answers_only
            value = summary.percentile(metric, int(statistic[1:]), stage, failures=infinities, unended=infinities)
            needed = values_needed(int(statistic[1:]))
        where = "" if stage is None else f" in stage {stage}"
        if value is None:
            have = f"{count + infinite} values{where}"
            refuse_number(f"{statistic} of {metric} needs {needed} values, and the run has {have}: let it last longer")
        counted = f"{count} values" + (f" and {infinite} infinite ones" if infinite and statistic != "mean" else "")
        unit = "" if metric in _NO_TIMES else " (s)"
        label = f"{statistic} of {metric}{where}, {counted}{unit}"
        logger.info(f"{label} {value:.6g}")
        judge = verify_rate if metric in _NO_TIMES else verify_seconds
        return judge(run, value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_load_rate(
        self,
        run: LoadRun,
        metric: RunRate,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        stage: int | None = None,
    ) -> float:
        """Get a rate of the whole run or of a stage, per second: `rps` of whole answers, or all output tokens.

        Raises:
            AssertionError: the comparison failed, or the run is INVALID or has no duration.
            SkipExecution: one of these, on a machine that is too busy for a verdict.

        ```robotframework
        Get Load Rate    ${run}    rps    >    ${LOAD_RPS_MIN}    stage=2
        ```
        """
        value = run.summary.rps(stage) if metric == "rps" else run.summary.total_output_tokens_per_s(stage)
        label = f"{metric} (1/s)" if stage is None else f"{metric} of stage {stage} (1/s)"
        if value is None:
            refuse_number(f"{label} needs a duration, and the run has none")
        logger.info(f"{label} {value:.6g}")
        # Limits of whole answers are some seven tenths of what the server's pace allows.
        return verify_rate(run, value, assertion_operator, assertion_expected, label, message, allowed=1.0)
