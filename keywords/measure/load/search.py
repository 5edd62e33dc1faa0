"""Several load runs: over the values of a parameter, and in search of a server's capacity."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.load.capacity import Capacity, Probe, find_capacity
from keywords.engine.load.outcome import probe_of
from keywords.engine.load.planning import LoadOptions
from keywords.engine.load.quantities import parse_counts
from keywords.engine.load.service_levels import parse_service_level
from keywords.engine.load.session import LoadRun
from keywords.engine.load.sweep import make_sweep, parse_axis
from keywords.measure.load.plans import Sent, here, lengths_here
from keywords.measure.load.running import measure_here, measure_plan
from keywords.measure.load.verdicts import refuse_number
from keywords.run.arguments import CONVERTERS, Fields
from keywords.run.assertions import verify

Load = Literal["users", "rate"]


@library(scope="GLOBAL", doc_format="MARKDOWN", converters=CONVERTERS)
class LoadSearchLibrary:
    """Run load again and again, with one thing changed from run to run.

    ```robotframework
    ${runs} =    Sweep    max_tokens    4,16,64    users=2    duration=10 s
    ${capacity} =    Find Max Load    users    to=64    duration=5 s    levels=${levels}
    ```
    """

    @keyword
    def sweep(
        self,
        *axes: str,
        users: str = "1",
        duration: timedelta | None = None,
        items: int | None = None,
        prompt: str = "Say hello.",
        prompt_tokens: int | None = None,
        max_tokens: int | None = None,
        extra: Fields = None,
        workload: Path | None = None,
        seed: int = 0,
        series: str | None = None,
    ) -> list[LoadRun]:
        """Run load once for each value of a parameter, or for each combination of several.

        Args:
            axes: a parameter and its values, such as `temperature` and `0,0.7,1`; several pairs for combinations. The
                parameters are `temperature`, `max_tokens`, `prompt_tokens`, `users` and `rate`.
            users: of each run, unless swept.
            duration: of each run.
            items: conversations of each run, in place of a duration.
            prompt: the user message of every request.
            prompt_tokens: length of synthetic prompts instead; needed to sweep it.
            max_tokens: upper bound of each answer, unless swept.
            extra: further fields of each request.
            workload: a workload file, in place of all that says what is sent.
            seed: of all that is drawn.
            series: name under which runs are compared; the row's name if left out.

        Raises:
            LoadInputError: a parameter or its values cannot be used; no load was sent.

        ```robotframework
        ${runs} =    Sweep    temperature    0,0.7,1    users=2    duration=5 s    max_tokens=16
        ```
        """
        if len(axes) % 2:
            raise ValueError(f"a sweep takes pairs of a parameter and its values, not {', '.join(axes)}")
        parsed = [parse_axis(f"{name}={values}") for name, values in zip(axes[::2], axes[1::2], strict=True)]
        is_open = any(axis.parameter == "rate" for axis in parsed)
        options = LoadOptions(
            users=() if is_open else parse_counts(users, "users"),
            duration_s=None if duration is None else duration.total_seconds(),
            requests=items,
            seed=seed,
        )
        sent = Sent(prompt, prompt_tokens, max_tokens, fields=extra or {}, workload=workload)
        loaded = sent.load()
        points = make_sweep(here(), loaded, options, parsed, lengths=lengths_here(loaded, options))
        runs = []
        for point in points:
            logger.info(f"Load run with {point.name}")
            runs.append(measure_plan(point.plan, point.workload, series))
        for point, run in zip(points, runs, strict=True):
            rate, ttft = run.summary.rps(), run.summary.percentile("ttft_first_content", 50, failures=True)
            logger.info(f"{point.name}: {rate or 0:.3g} answers/s, p50 of ttft_first_content {ttft or inf:.4g} s")
        return runs

    @keyword
    def find_max_load(
        self,
        load: Load,
        levels: list[str],
        *,
        to: float,
        duration: timedelta,
        first: float = 1,
        prompt: str = "Say hello.",
        max_tokens: int | None = None,
        extra: Fields = None,
        workload: Path | None = None,
        seed: int = 0,
        series: str | None = None,
    ) -> Capacity:
        """Search for the largest number of users, or rate of arrivals, that holds every service level.

        The load is doubled until a level breaks; then the distance is halved. An INVALID run gives no verdict.

        Args:
            load: `users` or `rate`.
            levels: what has to hold, such as `ttft_p90 < 500 ms` and `error_rate < 1 %`.
            to: load that is never exceeded.
            duration: of each load run.
            first: load to begin with.
            prompt: the user message of every request.
            max_tokens: upper bound of each answer.
            extra: further fields of each request.
            workload: a workload file, in place of all that says what is sent.
            seed: of all that is drawn.
            series: name under which runs are compared; the row's name if left out.

        Raises:
            ServiceLevelError: a level cannot be read; no load was sent.
            CapacityError: the bounds do not go together; no load was sent.

        ```robotframework
        VAR    @{levels}    ttft_p90 < 500 ms    error_rate < 1 %
        ${capacity} =    Find Max Load    users    ${levels}    to=64    duration=5 s    max_tokens=16
        Get Capacity    ${capacity}    >=    8
        ```
        """
        parsed = [parse_service_level(level) for level in levels]
        loaded = Sent(prompt, None, max_tokens, fields=extra or {}, workload=workload).load()

        def probe(level: float) -> Probe:
            options = LoadOptions(
                users=(int(level),) if load == "users" else (),
                rates=(level,) if load == "rate" else (),
                duration_s=duration.total_seconds(),
                seed=seed,
            )
            return probe_of(measure_here(loaded, options, series), level, parsed)

        capacity = find_capacity(probe, first=first, most=to, whole=load == "users")
        logger.info(str(capacity))
        for each in capacity.probes:
            logger.info(f"{each.level:g} {load}: {each.verdict} {each.why}".rstrip())
        return capacity

    @keyword
    def get_capacity(
        self,
        capacity: Capacity,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: float | None = None,
        message: str | None = None,
    ) -> float | None:
        """Get the largest load that held every service level; `${None}` if not even the first one did.

        Raises:
            AssertionError: the comparison failed, or the search gave no verdict.
            SkipExecution: it gave none, and the machine is too busy for one.

        ```robotframework
        Get Capacity    ${capacity}    >=    8
        ```
        """
        if assertion_operator is not None and capacity.holds is None and capacity.verdict == "INCONCLUSIVE":
            refuse_number(f"The search for the largest load gave no verdict: {capacity}")
        label = "Largest load that holds the service levels"
        return verify(capacity.holds, assertion_operator, assertion_expected, label, message, str(capacity))
