"""Load runs: send load to the gateway under test."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.load.arrivals import ArrivalProcess
from keywords.engine.load.disturbance import Disturbance
from keywords.engine.load.planning import LoadOptions
from keywords.engine.load.quantities import parse_counts, parse_rates
from keywords.engine.load.session import LoadRun, measure_load
from keywords.measure.load.plans import Sent, plan_here
from keywords.measure.load.report import show_report
from keywords.run.arguments import CONVERTERS, Fields
from keywords.run.output_folder import output_dir

if TYPE_CHECKING:
    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.workload.reading import LoadedWorkload

_NONE = timedelta(0)
_TIMEOUT = timedelta(seconds=60)
_DRAIN = timedelta(seconds=30)
STORE = "measurements.db"
"""Name of the store in the output folder."""


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS)
class LoadRunLibrary:
    """Send load to `${GATEWAY_URL}`, one keyword for one whole load run; `LoadMetricsLibrary` reads its numbers.

    The report stands in the log and among the row's evidence; all samples stand in `measurements.db` in the output
    folder. Requests of a load run are no evidence one by one: there are too many.

    ```robotframework
    ${run} =    Run Load    users=1,10,20    duration=10 s    max_tokens=16
    Load Run Should Be Valid    ${run}
    Get Load Metric    ${run}    ttft_first_content    p95    <    ${LOAD_TTFT_P95_S}
    ```
    """

    @keyword
    def run_load(
        self,
        *,
        users: str,
        duration: timedelta | None = None,
        items: int | None = None,
        prompt: str = "Say hello.",
        prompt_tokens: int | None = None,
        max_tokens: int | None = None,
        unique_prefix: bool = False,
        extra: Fields = None,
        workload: Path | None = None,
        warmup: timedelta = _NONE,
        timeout: timedelta = _TIMEOUT,
        drain: timedelta = _DRAIN,
        seed: int = 0,
        series: str | None = None,
        disturbance: Disturbance | None = None,
    ) -> LoadRun:
        """Let users send, read the answer, and send again: a closed loop, in one stage or several.

        Args:
            users: number of users of each stage, such as `1,10,20`.
            duration: of each stage.
            items: conversations of each stage, in place of a duration.
            prompt: the user message of every request.
            prompt_tokens: length of synthetic prompts instead, by the server's own count.
            max_tokens: upper bound of each answer.
            unique_prefix: whether each prompt begins with words of its own, against prompt caches.
            extra: further fields of each request, such as `{"temperature": 0}`.
            workload: a workload file, in place of all that says what is sent.
            warmup: load of the first stage before the clock starts.
            timeout: longest time of a request.
            drain: how long requests under way at the end may still take.
            seed: of all that is drawn.
            series: name under which runs are compared; the row's name if left out.
            disturbance: what happens to the server meanwhile.

        Raises:
            LoadInputError: the users, the workload or the times cannot be used; no load was sent.

        ```robotframework
        ${run} =    Run Load    users=1,10,20    duration=10 s    prompt=Count to ten.    max_tokens=16
        ```
        """
        options = LoadOptions(
            users=parse_counts(users, "users"),
            duration_s=None if duration is None else duration.total_seconds(),
            requests=items,
            seed=seed,
            warmup_s=warmup.total_seconds(),
            timeout_s=timeout.total_seconds(),
            drain_s=drain.total_seconds(),
        )
        sent = Sent(prompt, prompt_tokens, max_tokens, unique_prefix, extra or {}, workload)
        return measure_here(sent.load(), options, series, disturbance)

    @keyword
    def run_load_at_rate(
        self,
        rate: str,
        duration: timedelta,
        *,
        arrivals: ArrivalProcess = "poisson",
        burstiness: float = 1.0,
        most_in_flight: int | None = None,
        prompt: str = "Say hello.",
        prompt_tokens: int | None = None,
        max_tokens: int | None = None,
        unique_prefix: bool = False,
        extra: Fields = None,
        workload: Path | None = None,
        warmup: timedelta = _NONE,
        timeout: timedelta = _TIMEOUT,
        drain: timedelta = _DRAIN,
        seed: int = 0,
        series: str | None = None,
        disturbance: Disturbance | None = None,
    ) -> LoadRun:
        """Send requests at moments that are drawn before: an open loop, which does not wait for answers.

        Args:
            rate: mean arrivals per second of each stage, such as `5,10`.
            duration: of each stage.
            arrivals: constant, Poisson or gamma intervals.
            burstiness: of gamma arrivals; below 1 more bursty than Poisson.
            most_in_flight: requests at the same time; further ones wait, which latency from the intended moment counts.
            prompt: the user message of every request.
            prompt_tokens: length of synthetic prompts instead, by the server's own count.
            max_tokens: upper bound of each answer.
            unique_prefix: whether each prompt begins with words of its own, against prompt caches.
            extra: further fields of each request, such as `{"temperature": 0}`.
            workload: a workload file, in place of all that says what is sent.
            warmup: load of the first stage before the clock starts.
            timeout: longest time of a request.
            drain: how long requests under way at the end may still take.
            seed: of all that is drawn.
            series: name under which runs are compared; the row's name if left out.
            disturbance: what happens to the server meanwhile.

        Raises:
            LoadInputError: the rates, the workload or the times cannot be used; no load was sent.

        ```robotframework
        ${run} =    Run Load At Rate    20    10 s    arrivals=constant    max_tokens=4
        ```
        """
        options = LoadOptions(
            rates=parse_rates(rate),
            duration_s=duration.total_seconds(),
            process=arrivals,
            burstiness=burstiness,
            most_in_flight=most_in_flight,
            seed=seed,
            warmup_s=warmup.total_seconds(),
            timeout_s=timeout.total_seconds(),
            drain_s=drain.total_seconds(),
        )
        sent = Sent(prompt, prompt_tokens, max_tokens, unique_prefix, extra or {}, workload)
        return measure_here(sent.load(), options, series, disturbance)


def measure_here(
    workload: LoadedWorkload, options: LoadOptions, series: str | None, disturbance: Disturbance | None = None
) -> LoadRun:
    """Run load against the gateway under test, and show its report.

    Args:
        workload: what is sent.
        options: how much, and for how long.
        series: name under which runs are compared; the row's name if left out.
        disturbance: what happens to the server meanwhile.

    Raises:
        LoadInputError: the options do not go together; no load was sent.
    """
    return measure_plan(plan_here(workload, options), workload, series, disturbance)


def measure_plan(
    plan: LoadPlan, workload: LoadedWorkload, series: str | None, disturbance: Disturbance | None = None
) -> LoadRun:
    """The same for a plan that is made.

    Ctrl-C and SIGTERM end the load run early; once its report is shown they end Robot's run, as outside of a load run.
    """
    name = series or _running()
    store = output_dir() / STORE
    run = measure_load(plan, store=store, series=name, workload_hash=workload.sha256, disturbance=disturbance)
    if not show_report(run) or run.facts.interrupted:
        signal.raise_signal(signal.SIGINT)
    return run


def _running() -> str:
    """Name of the running row, or of the suite whose setup runs."""
    names = (BuiltIn().get_variable_value(name, "") for name in ("${TEST NAME}", "${SUITE NAME}"))
    return next(str(name) for name in (*names, "load") if name)
