"""Share of a load plan: what one of several client processes sends. Two runs with as many processes share alike."""

from __future__ import annotations

import os
import sys
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from keywords.engine.load.items import ItemSource
    from keywords.engine.load.plan import LoadPlan, Stage, Target

WARMUP = -1
"""Stage of warm-up."""
DRAIN = -2
"""What comes between the end of the last stage and the last answer; no request is intended for it."""
WARMUP_ITEM = 1_000_000_000
"""Number of a closed loop's first item of warm-up. So measured items are the same whatever the warm-up sends, and no
prompt of the warm-up comes again, which a server could answer from its cache."""
_USERS_EACH = 400
_RATE_EACH = 2000.0
"""One process reads some 50,000 chunks or sends some 10,000 short requests a second before its core is busy. With so
many users it has room for streams of 60 chunks a second."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one client process sends.

    Attributes:
        process: its number, from 0.
        processes: number of client processes.
        target: the server.
        source: of the items.
        stages: with this process's users and items; the rate is that of all.
        is_open: whether it is an open loop.
        numbers: item of each arrival; empty in a closed loop.
        at_s: seconds from the start of each arrival, as in `Arrivals`.
        stage_of: stage of each arrival.
        warmup_s: as in the plan.
        timeout_s: as in the plan.
        drain_s: as in the plan.
        most_in_flight: this process's part of the bound.
    """

    process: int
    processes: int
    target: Target
    source: ItemSource
    stages: tuple[Stage, ...]
    is_open: bool
    numbers: array[int]
    at_s: array[float]
    stage_of: array[int]
    warmup_s: float
    timeout_s: float
    drain_s: float
    most_in_flight: int | None

    def number(self, position: int) -> int:
        """The whole run's number of this process's n-th user or item."""
        return position * self.processes + self.process


def choose_processes(plan: LoadPlan) -> int:
    """As many as the load needs, within the cores that this process may use, one left for the rest of the machine."""
    users = max((stage.users or 0 for stage in plan.stages), default=0)
    rate = max((stage.rate or 0.0 for stage in plan.stages), default=0.0)
    needed = max(-(-users // _USERS_EACH), int(-(-rate // _RATE_EACH)), 1)
    chosen = plan.processes or min(needed, max(1, _cores() - 1))
    # No process without a user, or without a slot.
    most = [users] if users else []
    if plan.most_in_flight is not None:
        most.append(plan.most_in_flight)
    return max(1, min([chosen, *most]))


def shares(plan: LoadPlan, processes: int) -> tuple[Share, ...]:
    """Split a plan: user, item and arrival n go to process n modulo their number."""
    return tuple(_share(plan, process, processes) for process in range(processes))


def _share(plan: LoadPlan, process: int, processes: int) -> Share:
    def part(count: int | None) -> int | None:
        return None if count is None else len(range(process, count, processes))

    arrivals = plan.arrivals
    own = slice(process, None, processes)
    return Share(
        process=process,
        processes=processes,
        target=plan.target,
        source=plan.source,
        stages=tuple(replace(stage, users=part(stage.users), items=part(stage.items)) for stage in plan.stages),
        is_open=arrivals is not None,
        numbers=array("q", range(process, len(arrivals.at_s), processes) if arrivals is not None else ()),
        at_s=array("d", arrivals.at_s[own].tolist() if arrivals is not None else ()),
        stage_of=array("i", arrivals.stage[own].tolist() if arrivals is not None else ()),
        warmup_s=plan.warmup_s,
        timeout_s=plan.timeout_s,
        drain_s=plan.drain_s,
        most_in_flight=part(plan.most_in_flight),
    )


def _cores() -> int:
    if sys.platform == "darwin":  # it has no affinity
        return os.cpu_count() or 1
    return len(psutil.Process().cpu_affinity() or ()) or 1
