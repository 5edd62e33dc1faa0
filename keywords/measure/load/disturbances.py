"""Disturbances in the middle of a load run, and what clients felt of them."""

from dataclasses import replace
from datetime import timedelta

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.disturbance import Action, Disturbance, Impact, measure_impact
from keywords.engine.load.session import LoadRun
from keywords.engine.scripted.backend import Script, ScriptedBackend
from keywords.measure.load.verdicts import require_valid, verify_seconds
from keywords.run.assertions import verify


@library(scope="GLOBAL", doc_format="MARKDOWN")
class DisturbancesLibrary:
    """Plan what happens to a backend while load runs, and measure the impact.

    ```robotframework
    ${kill} =    Plan Kill    ${FIRST}    at=1 s
    ${run} =    Run Load At Rate    20    3 s    disturbance=${kill}
    ${impact} =    Measure Impact    ${run}
    Get Lost Requests    ${impact}    ==    0
    ```
    """

    @keyword
    def plan_kill(
        self, backend: ScriptedBackend, *, at: timedelta, restart_after: timedelta | None = None
    ) -> Disturbance:
        """Plan that a backend is switched off: its connections are reset, and its port refuses new ones.

        Args:
            backend: it runs until then.
            at: from the start of the load run.
            restart_after: from then on it is up again; it stays down if left out.

        ```robotframework
        ${kill} =    Plan Kill    ${FIRST}    at=1 s    restart_after=1 s
        ```
        """
        begin = at.total_seconds()
        actions = [Action(begin, "the backend was switched off", backend.stop)]
        if restart_after is not None:
            end = begin + restart_after.total_seconds()
            actions.append(Action(end, "the backend was switched on again", backend.start))
        return Disturbance(*actions)

    @keyword
    def plan_refusals(
        self,
        backend: ScriptedBackend,
        status: int,
        *,
        at: timedelta,
        lasting: timedelta,
        retry_after: timedelta | None = None,
    ) -> Disturbance:
        """Plan that a backend refuses every request for a while, such as with a storm of 429.

        Args:
            backend: it answers as scripted before and afterwards.
            status: HTTP status.
            at: from the start of the load run.
            lasting: for how long.
            retry_after: the wait that it asks for.

        ```robotframework
        ${storm} =    Plan Refusals    ${FIRST}    429    at=1 s    lasting=1 s
        ```
        """
        wait_s = None if retry_after is None else retry_after.total_seconds()
        refusal = Script(status=status, retry_after_s=wait_s)
        return _for_a_while(backend, refusal, at, lasting, f"the backend refused with {status}")

    @keyword
    def plan_delay(
        self, backend: ScriptedBackend, delay: timedelta, *, at: timedelta, lasting: timedelta
    ) -> Disturbance:
        """Plan that a backend's answers begin later for a while.

        Args:
            backend: it answers as scripted before and afterwards.
            delay: silence before each answer.
            at: from the start of the load run.
            lasting: for how long.

        ```robotframework
        ${slow} =    Plan Delay    ${FIRST}    300 ms    at=1 s    lasting=1 s
        ```
        """
        slow = replace(backend.script, first_delay=delay.total_seconds())
        return _for_a_while(backend, slow, at, lasting, f"the backend was {delay.total_seconds():g} s slower")

    @keyword
    def measure_impact(self, run: LoadRun) -> Impact:
        """Compare requests before the run's disturbance with those during and after it.

        Raises:
            ValueError: the run had no disturbance, or was too short for a before and an after.

        ```robotframework
        ${impact} =    Measure Impact    ${run}
        ```
        """
        if not run.happened:
            raise ValueError("The load run had no disturbance: plan one, and give it to the run.")
        impact = measure_impact(run.summary.samples, run.happened[0].at_s, run.happened[-1].at_s)
        require_valid(run)
        logger.info(repr(impact))
        return impact

    @keyword
    def get_lost_requests(
        self,
        impact: Impact,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: int | None = None,
        message: str | None = None,
    ) -> int:
        """Get the number of requests that failed from the begin of the disturbance on.

        Raises:
            AssertionError: the comparison failed.

        ```robotframework
        Get Lost Requests    ${impact}    ==    0
        ```
        """
        details = ", ".join(f"{count} {kind}" for kind, count in impact.errors.items())
        label = f"Lost requests of {impact.requests}"
        return verify(impact.lost, assertion_operator, assertion_expected, label, message, details)

    @keyword
    def get_seconds_to_recover(
        self,
        run: LoadRun,
        impact: Impact,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the seconds from the begin of the disturbance to the end of the last request that failed or was late.

        It is infinite if the run ended before the server recovered.

        Raises:
            AssertionError: the comparison failed, or the run is INVALID.
            SkipExecution: either, on a machine that is too busy for a verdict.

        ```robotframework
        Get Seconds To Recover    ${run}    ${impact}    <    ${RECOVERED_WITHIN_S}
        ```
        """
        label = "Seconds from the begin of the disturbance to the last bad answer"
        return verify_seconds(run, impact.recovered_after_s, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_slowest_first_content_during_disturbance(
        self,
        run: LoadRun,
        impact: Impact,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the longest time to first content, in seconds, of requests that the disturbance touched.

        Raises:
            AssertionError: the comparison failed, the run is INVALID, or no such request was answered.
            SkipExecution: the first or the second, on a machine that is too busy for a verdict.

        ```robotframework
        Get Slowest First Content During Disturbance    ${run}    ${impact}    <    1
        ```
        """
        if not impact.ttft_during_s:
            raise AssertionError("No request was answered during the disturbance")
        label = f"Longest of {len(impact.ttft_during_s)} times to first content during the disturbance (s)"
        value = max(impact.ttft_during_s)
        return verify_seconds(run, value, assertion_operator, assertion_expected, label, message)

    @keyword
    def get_attempts_per_request(
        self,
        run: LoadRun,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float:
        """Get the retry amplification: requests that the gateway sent to backends for each one that it got.

        The numbers are the gateway's own, from its `/metrics` before and after the run.

        Raises:
            AssertionError: the comparison failed, or the gateway said nothing.

        ```robotframework
        Get Attempts Per Request    ${run}    <    ${AMPLIFICATION_BELOW}
        ```
        """
        attempts, requests = run.growth_of("attempts"), run.growth_of("requests")
        if attempts is None or not requests:
            raise AssertionError(
                f"The gateway's metrics tell of no request: {run.server_problem or 'none was counted'}"
            )
        label, details = "Attempts for each request", f"{attempts:g} attempts, {requests:g} requests"
        return verify(attempts / requests, assertion_operator, assertion_expected, label, message, details)


def _for_a_while(backend: ScriptedBackend, script: Script, at: timedelta, lasting: timedelta, what: str) -> Disturbance:
    usual, begin = backend.script, at.total_seconds()
    return Disturbance(
        Action(begin, what, lambda: backend.play(script)),
        Action(begin + lasting.total_seconds(), "the backend answered as before", lambda: backend.play(usual)),
    )
