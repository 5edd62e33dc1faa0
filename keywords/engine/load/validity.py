"""Validity: whether a load run is worth believing, by what its client did.

A server's failures do not make a run invalid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keywords.engine.load.share import DRAIN
from keywords.engine.statistics.percentiles import percentile, values_needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keywords.engine.load.run import RunFacts

CheckName = Literal["clients", "interrupted", "send_lag", "loop_lag", "cpu", "achieved", "exhausted", "clock", "stored"]

SEND_LAG_S = 0.010
"""Median lateness that a client may have; inference-perf's guide to load generation gives 10 ms."""
LATE_SEND_LAG_S = 0.050
"""99th percentile of the same: a start of 400 users at once takes some 20 ms."""
LOOP_LAG_S = 0.005
"""99th percentile; so late a chunk may get its time. Beyond it, times of chunks say more of the client than of the
server."""
CPU_SHARE = 0.85
"""Of one core; beyond it a queue forms in the client."""
ACHIEVED = 0.99
"""Share of each stage's planned items that must begin before its end."""
CLOCK_STEP_S = 0.05
CLOCK_SLEW = 0.0005
"""What a time service may move the wall clock in each second: 500 ppm, see adjtimex(2)."""
_PERCENTILES = (99, 95, 90, 50)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a client must have done.

    Attributes:
        name: what was checked.
        text: a sentence with the figure and its limit; with the remedy if it failed.
        passed: whether it did.
    """

    name: CheckName
    text: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Validity:
    """The verdict on a load run's client.

    Attributes:
        checks: all of them, in the order of their weight.
    """

    checks: tuple[Check, ...]

    @property
    def is_valid(self) -> bool:
        """Whether all checks passed."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the run is invalid; empty if it is valid."""
        return tuple(check.text for check in self.checks if not check.passed)

    def __str__(self) -> str:
        return "VALID" if self.is_valid else f"INVALID: {'; '.join(self.reasons)}"


def judge(facts: RunFacts) -> Validity:
    """Judge the client of a load run by its facts."""
    return Validity(
        (
            _clients(facts),
            _interrupted(facts),
            *_send_lag(facts),
            *_loop_lag(facts),
            _cpu(facts),
            _achieved(facts),
            _exhausted(facts),
            _clock(facts),
        )
    )


def worst_percentile(values: Sequence[float]) -> tuple[float, str]:
    """The highest percentile up to the 99th that so many values allow, with its name; the largest of very few.

    Raises:
        ValueError: there are no values.
    """
    for p in _PERCENTILES:
        if len(values) >= values_needed(p):
            return percentile(values, p), f"p{p}"
    return max(values), f"largest of {len(values)}"


def _clients(facts: RunFacts) -> Check:
    count = len(facts.clients) + len(facts.lost_clients)
    if facts.lost_clients:
        lost = "; ".join(facts.lost_clients)
        shown = f"{len(facts.lost_clients)} of {count} client processes died ({lost}); run again"
        return Check("clients", shown, passed=False)
    return Check("clients", f"all client processes ({count}) lived to the end", passed=True)


def _interrupted(facts: RunFacts) -> Check:
    if facts.interrupted:
        after_s = facts.ended - facts.started
        shown = f"the run was ended {after_s:.1f} s after its start, before its plan was done"
        return Check("interrupted", shown, passed=False)
    return Check("interrupted", "the run went to the end of its plan", passed=True)


def _send_lag(facts: RunFacts) -> Iterator[Check]:
    """No check where no request was due: then there is nothing that could have been late."""
    found = []
    for where, lags in _populations([client.send_lags_s for client in facts.clients]):
        middle, (worst, name) = sorted(lags)[(len(lags) - 1) // 2], worst_percentile(lags)
        shown = f"requests{where} were sent late by p50 {middle * 1000:.1f} ms, {name} {worst * 1000:.1f} ms"
        found.append((max(middle / SEND_LAG_S, worst / LATE_SEND_LAG_S), shown))
    if found:
        share, shown = max(found)
        limits = f"limits {SEND_LAG_S * 1000:g} and {LATE_SEND_LAG_S * 1000:g} ms"
        yield Check("send_lag", _sentence(f"{shown} ({limits})", _TOO_SLOW, passed=share <= 1), share <= 1)


def _loop_lag(facts: RunFacts) -> Iterator[Check]:
    found = []
    for client in facts.clients:
        if not any(len(lags) for lags in client.loop_lags_s.values()):
            shown = f"the event loop of client process {client.process} was not watched; let the load last longer"
            yield Check("loop_lag", shown, passed=False)
            return
        for where, lags in _populations([client.loop_lags_s]):
            worst, name = worst_percentile(lags)
            shown = f"the event loop was late by {name} {worst * 1000:.1f} ms in client process {client.process}{where}"
            found.append((worst, shown))
    if found:
        worst, shown = max(found)
        passed = worst <= LOOP_LAG_S
        text = _sentence(f"{shown} (limit {LOOP_LAG_S * 1000:g} ms)", _TOO_SLOW, passed=passed)
        yield Check("loop_lag", text, passed)


def _populations(lags_s: Sequence[Mapping[int, Sequence[float]]]) -> Iterator[tuple[str, list[float]]]:
    """All stages together, and each stage and the drain that has enough values for a p99 of its own.

    A long stage would hide that the client was late in a short one, and an idle drain that it was late in all of them.
    """

    def lags_of(*stages: int) -> list[float]:
        return [lag for each in lags_s for stage in stages for lag in each.get(stage, ())]

    stages = sorted({stage for each in lags_s for stage in each} - {DRAIN})
    if together := lags_of(*stages):
        yield "", together
    parts = {f" in stage {stage}": lags_of(stage) for stage in stages if len(stages) > 1}
    for where, lags in (parts | {" in the drain": lags_of(DRAIN)}).items():
        if len(lags) >= values_needed(_PERCENTILES[0]):
            yield where, lags


def _cpu(facts: RunFacts) -> Check:
    busiest = max(facts.clients, key=lambda client: client.cpu_share, default=None)
    if busiest is None:
        return Check("cpu", "no client process told what it used of the processor", passed=False)
    passed = busiest.cpu_share <= CPU_SHARE
    shown = f"client process {busiest.process} used {busiest.cpu_share:.0%} of a core (limit {CPU_SHARE:.0%})"
    return Check("cpu", _sentence(shown, "use more client processes", passed=passed), passed)


def _achieved(facts: RunFacts) -> Check:
    planned = {stage: items for stage, items in enumerate(facts.planned) if items}
    if not planned:
        return Check("achieved", f"{facts.begun_items} items were begun; the plan gives no number", passed=True)
    begun = {stage: facts.begun[stage] if stage < len(facts.begun) else 0 for stage in planned}
    worst = min(planned, key=lambda stage: begun[stage] / planned[stage])
    share = begun[worst] / planned[worst]
    where = f" of stage {worst}" if len(facts.planned) > 1 else ""
    shown = f"{begun[worst]} of {planned[worst]} planned items{where} began in time ({share:.1%}, limit {ACHIEVED:.0%})"
    remedy = "allow more requests in flight, or plan a lower rate"
    passed = share >= ACHIEVED
    return Check("achieved", _sentence(shown, remedy, passed=passed), passed)


def _exhausted(facts: RunFacts) -> Check:
    count = sum(client.exhausted for client in facts.clients)
    shown = f"{count} requests failed because this machine had no file descriptor or port left"
    return Check("exhausted", _sentence(shown, "raise `ulimit -n`", passed=not count), not count)


def _clock(facts: RunFacts) -> Check:
    limit_s = CLOCK_STEP_S + CLOCK_SLEW * (facts.ended - facts.started)
    passed = abs(facts.clock_step_s) <= limit_s
    shown = f"the wall clock moved by {facts.clock_step_s * 1000:.1f} ms against the monotonic one"
    remedy = "it was set, or the machine slept: run again"
    return Check("clock", _sentence(f"{shown} (limit {limit_s * 1000:.0f} ms)", remedy, passed=passed), passed)


_TOO_SLOW = "the client had too little of the processor: use more client processes, a quieter or another machine"


def _sentence(shown: str, remedy: str, *, passed: bool) -> str:
    return shown if passed else f"{shown}; {remedy}"
