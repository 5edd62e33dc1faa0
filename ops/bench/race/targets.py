"""The targets of the gateway; the only place for their numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from keywords.engine.statistics.intervals import mean_interval
from ops.bench.race.result import DIRECT
from ops.bench.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.statistics.intervals import Estimate
    from ops.bench.race.result import Race
    from ops.bench.verdict import Sense, Verdict

US = "gateway"


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        what: description with the unit.
        bound: the limit.
        sense: the side of the limit that meets the target.
        measured: the figure, if the race has it.
    """

    what: str
    bound: float
    sense: Sense
    measured: Callable[[Race], Estimate | None]

    def verdict(self, race: Race) -> Verdict:
        """The verdict on the race's figure."""
        return verdict(self.measured(race), self.bound, self.sense)


def _ratio(figure: str, other: str) -> Callable[[Race], Estimate | None]:
    return lambda race: race.ratio((US, figure), (other, figure))


def _own(figure: str) -> Callable[[Race], Estimate | None]:
    return lambda race: race.mean(US, figure)


TARGETS = (
    Target("requests/s at 32 connections, of the floor's", 0.45, ">=", _ratio("rps@32", "floor")),
    Target("requests/s at 32 connections, times Portkey's", 4, ">=", _ratio("rps@32", "portkey")),
    Target("requests/s at 32 connections, times LiteLLM's", 40, ">=", _ratio("rps@32", "litellm")),
    Target(
        "requests/s at 256 connections, of its own at 32",
        0.9,
        ">=",
        lambda race: race.ratio((US, "rps@256"), (US, "rps@32")),
    ),
    Target(
        "added p50 at 1 connection, ms",
        0.6,
        "<=",
        lambda race: race.difference((US, "p50_ms@1"), (DIRECT, "p50_ms@1")),
    ),
    Target("chunks/s of 64 streams, times Portkey's", 3, ">=", _ratio("chunks_per_s", "portkey")),
    Target("added TTFT p99 of 64 paced streams, ms", 3, "<=", _own("ttft_p99_ms")),
    Target("CPU per chunk at full speed, µs", 40, "<=", _own("cpu_us_per_chunk")),
    Target("CPU per chunk at an even pace, µs", 40, "<=", _own("cpu_us_per_paced_chunk")),
    Target("CPU per chunk at an even pace, of the floor's", 1.4, "<=", _ratio("cpu_us_per_paced_chunk", "floor")),
    Target(
        "CPU per request at 32 connections with OpenTelemetry, of its own without",
        1.3,
        "<=",
        lambda race: race.ratio(("gateway-otel", "cpu_us@32"), (US, "cpu_us@32")),
    ),
    Target("memory per 100,000 requests, MB", 1, "<=", lambda race: race.soak.per_100k_mb if race.soak else None),
    Target(
        "cold start to ready, s",
        1.5,
        "<=",
        lambda race: mean_interval(race.starts_s[US]) if race.starts_s.get(US) else None,
    ),
)


def target_verdicts(race: Race) -> list[dict[str, Any]]:
    """Every target with its measured figure and verdict, for the JSON."""
    return [
        {
            "what": target.what,
            "target": target.bound,
            "sense": target.sense,
            "measured": asdict(estimate) if (estimate := target.measured(race)) else None,
            "met": target.verdict(race),
        }
        for target in TARGETS
    ]
