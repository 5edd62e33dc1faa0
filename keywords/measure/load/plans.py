"""Plans of load runs from what a row writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.quantities import parse_rates, parse_users
from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.reading import load_workload, read_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload
from keywords.run import target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from keywords.engine.load.arrivals import ArrivalProcess
    from keywords.engine.load.workload.reading import LoadedWorkload

NAME = "row"
"""Name of the workload of a row that names no file, and of its only entry."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a load run sends.

    Attributes:
        prompt: of every request; ignored where `workload` or `prompt_tokens` says more.
        prompt_tokens: length of synthetic prompts.
        max_tokens: upper bound of each answer.
        unique_prefix: whether each prompt begins with words of its own.
        fields: further fields of each request.
        workload: file, in place of all these.
        seed: of all that is drawn.
    """

    prompt: str = "Say hello."
    prompt_tokens: int | None = None
    max_tokens: int | None = None
    unique_prefix: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    workload: Path | None = None
    seed: int = 0

    def load(self) -> LoadedWorkload:
        """The workload.

        Raises:
            WorkloadError: it cannot be used.
        """
        if self.workload is not None:
            return read_workload(self.workload)
        prompts = Prompts(texts=(self.prompt,)) if self.prompt_tokens is None else Prompts(tokens=self.prompt_tokens)
        entry = Entry(name=NAME, prompts=prompts, max_tokens=self.max_tokens, fields=dict(self.fields))
        return load_workload(Workload(name=NAME, mix=(entry,), unique_prefix=self.unique_prefix))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a load run, in seconds.

    Attributes:
        warmup_s: before the clock starts.
        timeout_s: longest time of a request.
        drain_s: how long requests under way at the end may still take.
    """

    warmup_s: float
    timeout_s: float
    drain_s: float


def here() -> Target:
    """The gateway under test."""
    client = target.client()
    return Target(client.base_url, client.model, target.api_key())


def closed_loop(
    workload: LoadedWorkload,
    users: str,
    duration: timedelta | None,
    items: int | None,
    *,
    seed: int,
    limits: Limits,
    to: Target | None = None,
) -> LoadPlan:
    """A plan of users who each send, read, and send again.

    Args:
        workload: what they send.
        users: numbers of users, one for each stage, such as `1,10,20`.
        duration: of each stage.
        items: conversations of each stage, in place of a duration.
        seed: of all that is drawn.
        limits: bounds of the run.
        to: the server; the gateway under test if left out.

    Raises:
        QuantityError: the numbers of users are no such list.
        ValueError: there is neither a duration nor a number of items, or both.
    """
    if (duration is None) == (items is None):
        raise ValueError("give duration or items: a stage ends by one of them")
    seconds = None if duration is None else duration.total_seconds()
    stages = tuple(Stage(seconds, users=count, items=items) for count in parse_users(users))
    return _plan(workload, stages, seed, limits, to)


def open_loop(
    workload: LoadedWorkload,
    rate: str,
    duration: timedelta,
    process: ArrivalProcess,
    burstiness: float,
    most_in_flight: int | None,
    *,
    seed: int,
    limits: Limits,
    to: Target | None = None,
) -> LoadPlan:
    """A plan of requests that arrive whatever the server does.

    Args:
        workload: what they are.
        rate: mean arrivals per second, one for each stage, such as `5,10`.
        duration: of each stage.
        process: of the arrivals.
        burstiness: of gamma arrivals.
        most_in_flight: requests at the same time; None for no bound.
        seed: of all that is drawn.
        limits: bounds of the run.
        to: the server; the gateway under test if left out.

    Raises:
        QuantityError: the rates are no such list.
        ArrivalsError: the process does not go with the burstiness.
    """
    stages = tuple(Stage(duration.total_seconds(), rate=each) for each in parse_rates(rate))
    arrivals = draw_arrivals(stages, process, seed=seed, burstiness=burstiness, warmup_s=limits.warmup_s)
    return _plan(workload, stages, seed, limits, to, arrivals=arrivals, most_in_flight=most_in_flight)


def _plan(
    workload: LoadedWorkload, stages: tuple[Stage, ...], seed: int, limits: Limits, to: Target | None, **open_loop: Any
) -> LoadPlan:
    return LoadPlan(
        to or here(),
        WorkloadItems(workload, seed),
        stages,
        warmup_s=limits.warmup_s,
        timeout_s=limits.timeout_s,
        drain_s=limits.drain_s,
        **open_loop,
    )
