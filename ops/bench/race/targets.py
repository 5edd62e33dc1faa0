"""What the gateway has to reach; every number of it stands here and nowhere else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from keywords.engine.statistics.intervals import Estimate, mean_interval
from ops.bench.race.result import DIRECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.bench.race.result import Race

US = "gateway"
Sense = Literal[">=", "<="]
Verdict = Literal["yes", "no", "unclear", "not measured"]


@dataclass(frozen=True, slots=True)
class Target:
    """One of them.

    Attributes:
        what: in words, with the unit.
        bound: the number.
        sense: on which side of it the figure has to be.
        measured: the figure, if the race has it.
    """

    what: str
    bound: float
    sense: Sense
    measured: Callable[[Race], Estimate | None]

    def verdict(self, race: Race) -> Verdict:
        """`yes` and `no` hold for the whole 95 % interval; if the bound lies within it, nobody knows.

        Nor does anybody after one round, which has no interval.
        """
        found = self.measured(race)
        if found is None:
            return "not measured"
        inside = (found.low >= self.bound, found.high >= self.bound)
        if found.n == 1 or inside[0] != inside[1]:
            return "unclear"
        return "yes" if inside[0] == (self.sense == ">=") else "no"


def _ratio(figure: str, other: str) -> Callable[[Race], Estimate | None]:
    return lambda race: race.ratio((US, figure), (other, figure))


def _own(figure: str) -> Callable[[Race], Estimate | None]:
    return lambda race: race.of(US, figure)


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
    Target("memory per 100,000 requests, MB", 1, "<=", lambda race: race.soak.per_100k_mb if race.soak else None),
    Target(
        "cold start to ready, s",
        1.5,
        "<=",
        lambda race: mean_interval(race.starts_s[US]) if race.starts_s.get(US) else None,
    ),
)


def judged(race: Race) -> list[dict[str, Any]]:
    """Every target with what was measured, for the JSON."""
    return [
        {
            "what": target.what,
            "target": target.bound,
            "sense": target.sense,
            "measured": asdict(found) if (found := target.measured(race)) else None,
            "met": target.verdict(race),
        }
        for target in TARGETS
    ]
