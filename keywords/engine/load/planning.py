"""Plans of load runs: from what a user asks for to what is sent when."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.errors import PlanError
from keywords.engine.load.plan import LoadPlan, Stage
from keywords.engine.load.workload.items import WorkloadItems
from keywords.engine.load.workload.prompt_lengths import PromptLengths
from keywords.engine.load.workload.trace_items import TraceItems

if TYPE_CHECKING:
    from keywords.engine.load.arrivals import ArrivalProcess, Arrivals
    from keywords.engine.load.plan import Target
    from keywords.engine.load.workload.reading import LoadedWorkload


_MOST_USERS = 100_000
"""Each holds a connection, and one address has 65,535 ports."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How much load, for how long, and how it comes.

    Attributes:
        users: simulated users of each stage: closed loops.
        rates: mean arrivals per second of each stage: open loops. With neither users nor rates, a trace's own arrivals
            are replayed.
        duration_s: of each stage.
        requests: items after which each stage ends; with a duration, whichever comes first.
        process: how arrivals are drawn from a rate.
        burstiness: see `draw_arrivals`.
        seed: of items and arrivals.
        speed: of a trace's own arrivals; 2 replays it in half of its time.
        nonce: see `WorkloadItems`; empty draws a new one.
        warmup_s, timeout_s, drain_s, most_in_flight, processes: see `LoadPlan`.
    """

    users: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()
    duration_s: float | None = None
    requests: int | None = None
    process: ArrivalProcess = "poisson"
    burstiness: float = 1.0
    seed: int = 0
    speed: float = 1.0
    nonce: str = ""
    warmup_s: float = 0.0
    timeout_s: float = 120.0
    drain_s: float = 30.0
    most_in_flight: int | None = None
    processes: int | None = None


def make_plan(
    target: Target,
    workload: LoadedWorkload,
    options: LoadOptions,
    *,
    lengths: PromptLengths | None = None,
    arrivals: Arrivals | None = None,
) -> LoadPlan:
    """Make the plan of one load run.

    Args:
        target: the server.
        workload: what to send.
        options: how much, how long, and how.
        lengths: words of prompts of n tokens on this server; None where the workload has no synthetic prompts.
        arrivals: stored ones to replay, in place of rates and duration.

    Raises:
        PlanError: the options do not go together, or there is no end.
        ArrivalsError: no arrivals can be drawn from them.
        TraceError: the trace cannot be replayed like this.
    """
    _check(workload, options, arrivals)
    stages = _stages(options)
    warmup_s = options.warmup_s
    if arrivals is None and options.rates:
        arrivals = draw_arrivals(
            stages, options.process, seed=options.seed, burstiness=options.burstiness, warmup_s=warmup_s
        )
    elif arrivals is None and not options.users and workload.trace is not None:
        arrivals = workload.trace.arrivals(options.speed, warmup_s)
    if arrivals is not None:
        stages, warmup_s = arrivals.stages, arrivals.warmup_s
    return LoadPlan(
        target=target,
        source=make_items(workload, options, lengths),
        stages=stages,
        arrivals=arrivals,
        warmup_s=warmup_s,
        timeout_s=options.timeout_s,
        drain_s=options.drain_s,
        most_in_flight=options.most_in_flight,
        processes=options.processes,
    )


def make_items(
    workload: LoadedWorkload, options: LoadOptions, lengths: PromptLengths | None = None
) -> WorkloadItems | TraceItems:
    """Make what a load run's items come from, with a new nonce unless the options hold one."""
    items = WorkloadItems if workload.trace is None else TraceItems
    return items(workload, options.seed, lengths or PromptLengths(), options.nonce or secrets.token_hex(8))


def drawn_facts(plan: LoadPlan) -> dict[str, Any]:
    """What it takes to send the same again, beside workload and options, as JSON holds it: for the store.

    Items that do not come from a workload have no facts.
    """
    facts: dict[str, Any] = {}
    if isinstance(plan.source, WorkloadItems | TraceItems):
        facts = {
            "seed": plan.source.seed,
            "nonce": plan.source.nonce if plan.source.workload.spec.unique_prefix else None,
            "prompt_lengths": asdict(plan.source.lengths),
        }
    if plan.arrivals is not None:
        facts["arrivals"] = {"drawn": plan.arrivals.description, "sha256": plan.arrivals.sha256}
    return facts


def _check(workload: LoadedWorkload, options: LoadOptions, arrivals: Arrivals | None) -> None:
    if options.users and options.rates:
        raise PlanError("users and a rate are both given; give users for a closed loop, or a rate for an open one")
    if options.users and max(options.users) > _MOST_USERS:
        raise PlanError(f"users are {max(options.users)}; one client machine plays at most {_MOST_USERS}")
    if arrivals is not None:
        if options.users or options.rates or options.duration_s or options.requests or options.warmup_s:
            raise PlanError("stored arrivals have their own rates, times and warm-up; leave the others out")
        return
    if not options.users and not options.rates:
        if workload.trace is None:
            raise PlanError("there is no load; give users such as 1,10,20, or a rate such as 5/s")
        if options.duration_s is not None or options.requests is not None:
            raise PlanError(
                "a trace ends with its last request; give users or a rate too, or trace.most in the workload"
            )
    elif options.duration_s is None and options.requests is None:
        raise PlanError("the load run has no end; give how long each stage lasts, such as 30s, or a number of requests")


def _stages(options: LoadOptions) -> tuple[Stage, ...]:
    if options.users:
        return tuple(Stage(options.duration_s, users=users, items=options.requests) for users in options.users)
    return tuple(Stage(options.duration_s, rate=rate, items=options.requests) for rate in options.rates)
