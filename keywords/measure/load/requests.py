"""Requests of load runs: answered, failed, good; and what makes their numbers misleading."""

from __future__ import annotations

from dataclasses import replace

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.metrics.goodput import goodput
from keywords.engine.load.sample import ErrorClass
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.session import LoadRun
from keywords.engine.machine import measure_machine
from keywords.engine.statistics.percentiles import values_needed
from keywords.measure.load.verdicts import refuse_number, require_valid
from keywords.run.assertions import verify, verify_no_defects
from keywords.run.inconclusive import skip_as_inconclusive

_GOODPUT_NEEDS = values_needed(90)
"""Requests; of fewer, one in ten may be bad and show in none."""


@library(scope="GLOBAL", doc_format="MARKDOWN")
class LoadRequestsLibrary:
    """Count the requests of a load run by how they ended.

    ```robotframework
    ${run} =    Run Load    users=4    duration=5 s
    Get Error Rate    ${run}    ==    0
    Get Failed Requests    ${run}    rate_limited    ==    0
    ```
    """

    @keyword
    def get_error_rate(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        stage: int | None = None,
    ) -> float:
        """Get the share of failed requests, 0 to 1; those that the end of the run cancelled do not count.

        Raises:
            AssertionError: the comparison failed, the run is INVALID, or no request ended.
            SkipExecution: the second or the third, and the machine is too busy for a verdict.

        ```robotframework
        Get Error Rate    ${run}    ==    0
        ```
        """
        if assertion_operator is not None:
            require_valid(run)
            if not run.summary.answered(stage) + run.summary.failed(stage):
                refuse_number("A share of failed requests needs one that ended: let the run last longer")
        value = run.summary.error_rate_of(stage)
        details = ", ".join(f"{count} {kind}" for kind, count in run.summary.errors_of(stage).items())
        return verify(
            value, assertion_operator, assertion_expected, "Share of failed requests (0 to 1)", message, details
        )

    @keyword
    def get_failed_requests(
        self,
        run: LoadRun,
        error: ErrorClass,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
        *,
        stage: int | None = None,
    ) -> int:
        """Get the number of requests that failed in one way, such as `rate_limited` (429) or `overloaded` (503).

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Failed Requests    ${run}    server_error    ==    0
        ```
        """
        errors = run.summary.errors_of(stage)
        details = ", ".join(f"{count} {kind}" for kind, count in errors.items())
        label = f"Number of requests that failed with {error}"
        return verify(errors.get(error, 0), assertion_operator, assertion_expected, label, message, details)

    @keyword
    def failures_should_all_be(self, run: LoadRun, *errors: ErrorClass) -> None:
        """Verify that some requests failed, and each in one of these ways.

        Raises:
            AssertionError: none failed, or one failed in another way.

        ```robotframework
        Failures Should All Be    ${run}    rate_limited    overloaded
        ```
        """
        found = run.summary.errors
        if not found:
            raise AssertionError(f"Some requests should fail with {' or '.join(errors)}, but none failed")
        others = [f"{count} failed with {kind}" for kind, count in found.items() if kind not in errors]
        verify_no_defects(f"Failures should all be {' or '.join(errors)}", others)

    @keyword
    def get_answered_requests(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
        *,
        stage: int | None = None,
    ) -> int:
        """Get the number of whole answers.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Answered Requests    ${run}    >    0    stage=1
        ```
        """
        value = run.summary.answered(stage)
        return verify(value, assertion_operator, assertion_expected, "Number of whole answers", message)

    @keyword
    def get_goodput(
        self,
        run: LoadRun,
        levels: list[str],
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
        *,
        stage: int | None = None,
    ) -> float:
        """Get the share of requests, 0 to 1, that hold every service level; a failed request holds none.

        Args:
            run: the load run.
            levels: what each request has to hold, such as `ttft < 500 ms` and `e2e < 5 s`.
            assertion_operator: such as `>=`.
            assertion_expected: a share.
            message: replaces the usual message.
            stage: from 0; all stages together if left out.

        Raises:
            ServiceLevelError: a level cannot be read.
            AssertionError: the comparison failed, or the run is INVALID.
            SkipExecution: either, on a machine that is too busy for a verdict.

        ```robotframework
        VAR    @{levels}    ttft < 500 ms    e2e < 5 s
        Get Goodput    ${run}    ${levels}    >=    0.99
        ```
        """
        parsed = [parse_service_level(level) for level in levels]
        found = goodput(run.summary, parsed, stage)
        logger.info(str(found))
        label = f"Share of requests that hold {' and '.join(map(str, found.levels))} (0 to 1)"
        if assertion_operator is not None:
            require_valid(run)
            ended = run.summary.answered(stage) + run.summary.failed(stage)
            if ended < _GOODPUT_NEEDS:
                refuse_number(f"Goodput needs {_GOODPUT_NEEDS} requests, and the run has {ended}: let it last longer")
        try:
            return verify(found.share, assertion_operator, assertion_expected, label, message)
        except AssertionError as failure:
            machine = measure_machine()
            explained = [
                replace(level, limit=machine.explains_s(level.limit)) if level.dimension == "time" else level
                for level in parsed
            ]
            try:
                verify(
                    goodput(run.summary, explained, stage).share, assertion_operator, assertion_expected, label, None
                )
            except AssertionError:
                raise failure from None
            skip_as_inconclusive(str(failure), machine)

    @keyword
    def get_cautions(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> list[str]:
        """Get what makes true numbers misleading, by the kind of each, such as `repeats_are_cached`.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Cautions    ${run}    not contains    repeats_are_cached
        ```
        """
        for caution in run.cautions:
            logger.info(caution.text)
        kinds: list[str] = [caution.kind for caution in run.cautions]
        return verify(kinds, assertion_operator, assertion_expected, "Cautions", message)
