"""Calibration: what this client measures on this machine where the server takes no time.

The server is the scripted backend, without any delay, on the loopback interface. What lies below this floor is not the
server's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from keywords.engine.load.items import Item, Turn
from keywords.engine.load.plan import LoadPlan, Stage, Target
from keywords.engine.load.run import run_load
from keywords.engine.load.validity import worst_percentile
from keywords.engine.scripted.backend import Script, ScriptedBackend, words
from keywords.engine.statistics.percentiles import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.run import RunFacts
    from keywords.engine.load.sample import Sample

_CHUNKS = 20
_DURATION_S = 0.5


@dataclass(frozen=True, slots=True)
class FloorLevel:
    """The floor with so many users.

    Attributes:
        users: of the closed loop.
        requests: that were measured.
        ttft_s: median, and highest percentile that so many requests allow, of the time from sending to first content.
        ttft_percentile: which one that is, such as `p99`.
        chunk_gap_s: the same two of the gap between chunks.
        e2e_s: the same two of the time from sending to the end.
        rps: requests per second.
        chunks_per_s: chunks with text per second.
        cpu_us_per_request: processor time of the client, in microseconds.
        cpu_us_per_chunk: the same for each chunk.
    """

    users: int
    requests: int
    ttft_s: tuple[float, float]
    ttft_percentile: str
    chunk_gap_s: tuple[float, float]
    e2e_s: tuple[float, float]
    rps: float
    chunks_per_s: float
    cpu_us_per_request: float
    cpu_us_per_chunk: float

    def __str__(self) -> str:
        users = f"{self.users} user{'s' if self.users > 1 else ''}"
        ttft = f"p50 {self.ttft_s[0] * 1000:.2f} ms, {self.ttft_percentile} {self.ttft_s[1] * 1000:.2f} ms"
        rates = f"{self.rps:.0f} requests/s, {self.chunks_per_s:.0f} chunks/s"
        cpu = f"{self.cpu_us_per_request:.0f} µs of the client's processor time a request"
        return f"{users}: time to first content {ttft}; {rates}; {cpu}"


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of the times, and the ceiling of the load, both of client and scripted backend together.

    Attributes:
        alone: with one user.
        together: with as many as the load run has.
    """

    alone: FloorLevel
    together: FloorLevel

    def __str__(self) -> str:
        return f"Calibration against a server without any delay: {self.alone}. {self.together}."


@lru_cache(maxsize=16)
def measure_floor(users: int, processes: int | None = None, duration_s: float = _DURATION_S) -> Floor:
    """Measure the floor; once for the same arguments, as it does not change within minutes.

    Args:
        users: requests at once of the load run.
        processes: its client processes; None for as many as the load needs.
        duration_s: of each of both levels.

    Raises:
        RuntimeError: a request to the scripted backend failed.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.
    """
    backend = ScriptedBackend()
    backend.start()
    try:
        backend.play(Script(chunks=words(_CHUNKS)))
        target = Target(backend.url, backend.models[0])
        return Floor(_level(target, 1, 1, duration_s), _level(target, users, processes, duration_s))
    finally:
        backend.stop()


def _level(target: Target, users: int, processes: int | None, duration_s: float) -> FloorLevel:
    kept = _Kept()
    stages = (Stage(duration_s, users=users),)
    facts = run_load(LoadPlan(target, _Greeting(), stages, warmup_s=duration_s / 4, processes=processes), [kept])
    if facts.interrupted:
        raise KeyboardInterrupt
    samples = [sample for sample in kept.samples if sample.stage >= 0]
    failed = next((sample for sample in samples if sample.error is not None), None)
    if failed is not None or not samples:
        raise RuntimeError(f"the scripted backend failed: {failed.error_message if failed else 'no request was sent'}")
    return _floor_level(users, samples, len(kept.samples), facts)


def _floor_level(users: int, samples: Sequence[Sample], sent: int, facts: RunFacts) -> FloorLevel:
    measured = [sample for sample in samples if not sample.cancelled and sample.t_sent is not None]
    ttft = [sample.t_first_content - (sample.t_sent or 0) for sample in measured if sample.t_first_content is not None]
    e2e = [(sample.t_done or 0) - (sample.t_sent or 0) for sample in measured]
    gaps = [later - earlier for sample in measured for earlier, later in pairwise(sample.chunk_times)]
    seconds = max(facts.ended - facts.started, 1e-9)
    # Those under way at the end are answered after it.
    ended = sum(sample.t_done is not None and sample.t_done < facts.ended for sample in measured)
    cpu_us = sum(client.cpu_s for client in facts.clients) / sent * 1e6
    return FloorLevel(
        users=users,
        requests=len(measured),
        ttft_s=_two(ttft),
        ttft_percentile=worst_percentile(ttft)[1],
        chunk_gap_s=_two(gaps),
        e2e_s=_two(e2e),
        rps=ended / seconds,
        chunks_per_s=ended * _CHUNKS / seconds,
        cpu_us_per_request=cpu_us,
        cpu_us_per_chunk=cpu_us / _CHUNKS,
    )


def _two(values: Sequence[float]) -> tuple[float, float]:
    return percentile(values, 50), worst_percentile(values)[0]


@dataclass(frozen=True, slots=True)
class _Greeting:
    def item(self, number: int) -> Item:
        return Item(number, "calibration", (Turn(({"role": "user", "content": "Hello"},)),))


class _Kept:
    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def add(self, samples: Sequence[Sample]) -> None:
        self.samples += samples
