"""Calibration: what this client measures on this machine where the server takes no time.

The server is the scripted backend, without any delay, on the loopback interface. What lies below this floor is not the
server's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.load.items import Item, Turn
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import run_load
from keywords.engine.load.validity import worst_percentile
from keywords.engine.scripted.backend import Script, ScriptedBackend, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.run import RunFacts
    from keywords.engine.load.sample import Sample

_CHUNKS = 20
_DURATION_S = 0.5


@dataclass(frozen=True, slots=True)
class Spread:
    """A time of many requests.

    Attributes:
        median_s: its median, in seconds.
        worst_s: the highest percentile that so many values allow.
        percentile: which one that is, such as `p99`.
    """

    median_s: float
    worst_s: float
    percentile: str


@dataclass(frozen=True, slots=True)
class FloorLevel:
    """The floor with so many users.

    Attributes:
        users: of the closed loop.
        requests: that were measured.
        ttft: time from sending to first content.
        chunk_gap: time between chunks.
        e2e: time from sending to the end.
        rps: requests per second.
        chunks_per_s: chunks with text per second.
    """

    users: int
    requests: int
    ttft: Spread
    chunk_gap: Spread
    e2e: Spread
    rps: float
    chunks_per_s: float


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of the times, and the ceiling of the load, both of client and scripted backend together.

    Attributes:
        measured_at: the end of the measurement, by `clock.now()`.
        alone: with one user.
        together: with as many as the load run has.
        cpu_us_per_request: processor time of the client for each of all these requests, in microseconds.
        cpu_us_per_chunk: the same for each chunk.
    """

    measured_at: float
    alone: FloorLevel
    together: FloorLevel
    cpu_us_per_request: float
    cpu_us_per_chunk: float


@lru_cache(maxsize=16)
def measure_floor(users: int, processes: int | None = None, duration_s: float = _DURATION_S) -> Floor:
    """Measure the floor in one short load run of two stages; once for the same arguments.

    Args:
        users: requests at once of the load run.
        processes: its client processes; None for as many as the load needs.
        duration_s: of each stage.

    Raises:
        RuntimeError: a request to the scripted backend failed.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.
    """
    backend = ScriptedBackend()
    backend.start()
    try:
        backend.play(Script(chunks=words(_CHUNKS)))
        target = Target(backend.url, backend.models[0])
        stages = tuple(Stage(duration_s, users=level) for level in (1, users))
        kept = _Kept()
        plan = LoadPlan(target, _Greeting(), stages, warmup_s=duration_s / 4, processes=processes)
        facts = run_load(plan, [kept])
    finally:
        backend.stop()
    if facts.interrupted:
        raise KeyboardInterrupt
    return floor_of(kept.samples, stages, facts)


def floor_of(samples: Sequence[Sample], stages: Sequence[Stage], facts: RunFacts) -> Floor:
    """The floor that a load run of two stages measured.

    Raises:
        RuntimeError: a request failed, or a stage has none.
    """
    if failed := next((sample for sample in samples if sample.error is not None), None):
        raise RuntimeError(f"the scripted backend failed: {failed.error_message}")
    alone, together = (
        _level(number, stage.users or 0, samples, bounds)
        for number, (stage, bounds) in enumerate(zip(stages, facts.stage_bounds, strict=True))
    )
    cpu_us = sum(client.cpu_s for client in facts.clients) / len(samples) * 1e6
    return Floor(clock.now(), alone, together, cpu_us, cpu_us / _CHUNKS)


def _level(number: int, users: int, samples: Sequence[Sample], bounds: tuple[float, float]) -> FloorLevel:
    measured = [
        sample for sample in samples if sample.stage == number and not sample.cancelled and sample.t_sent is not None
    ]
    if not measured:
        raise RuntimeError(f"no request of {users} users was answered")
    ttft = [sample.t_first_content - (sample.t_sent or 0) for sample in measured if sample.t_first_content is not None]
    e2e = [(sample.t_done or 0) - (sample.t_sent or 0) for sample in measured]
    gaps = [later - earlier for sample in measured for earlier, later in pairwise(sample.chunk_times)]
    begin, end = bounds
    # Those under way at the end of the stage are answered after it.
    ended = sum(sample.t_done is not None and sample.t_done < end for sample in measured)
    rps = ended / max(end - begin, 1e-9)
    return FloorLevel(users, len(measured), _spread(ttft), _spread(gaps), _spread(e2e), rps, rps * _CHUNKS)


def _spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), *worst_percentile(values))


@dataclass(frozen=True, slots=True)
class _Greeting:
    def item(self, number: int) -> Item:
        return Item(number, "calibration", (Turn(({"role": "user", "content": "Hello"},)),))


class _Kept:
    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def add(self, samples: Sequence[Sample]) -> None:
        self.samples += samples
