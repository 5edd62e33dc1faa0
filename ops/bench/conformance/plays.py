"""Plays: the runs in which a case is put before a tool, and the truth of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keywords.engine.load.cases.play import CASES
from ops.bench.conformance import truths

if TYPE_CHECKING:
    from keywords.engine.load.cases.case import Part
    from keywords.engine.scripted.script import Script
    from ops.bench.conformance.facts import Facts

_TOO_FAST = 20_000.0
"""Requests per second that no client sends on one core."""
_TOO_MANY = 2_000


@dataclass(frozen=True, slots=True)
class Play:
    """One run of a tool before the scripted backend.

    Attributes:
        case: name of the case.
        part: what this run is, where a case takes several; empty for its only one.
        scripts: that the backend plays in turn.
        facts: compares the tool's numbers with the backend's record.
        requests: to send.
        users: at the same time, or the most requests in flight at a rate; None for no limit.
        rate: requests per second, evenly; None for users that wait for their answers.
        prompts: number of different prompts; None for a new one each time.
        page: what the server's `/metrics` say once requests came; None for no such page.
        client_tokens: whether the tool counts tokens itself, where that is an option.
    """

    case: str
    part: str
    scripts: tuple[Script, ...]
    facts: Facts
    requests: int = 2
    users: int | None = 1
    rate: float | None = None
    prompts: int | None = None
    page: bytes | None = None
    client_tokens: bool = False

    @property
    def name(self) -> str:
        """Name of the run."""
        return f"{self.case}-{self.part.replace(' ', '_')}" if self.part else self.case


def plays_of(case: str) -> tuple[Play, ...]:
    """The runs of a case, in order."""
    parts = CASES[case].parts
    known = truths.TRUTHS[case]
    if case == "stall_in_open_loop":
        return tuple(_stalled(part, name, facts) for part, (name, facts) in zip(parts, known, strict=True))
    part = parts[0]
    if case == "client_is_late":
        (name, facts) = known[0]
        return (Play(case, name, part.scripts, facts, _TOO_MANY, users=None, rate=_TOO_FAST),)
    if case == "mean_falls_as_load_rises":
        halves = part.scripts[:30], part.scripts[30:]
        return tuple(
            Play(case, name, scripts, facts, len(scripts), len(scripts))
            for scripts, (name, facts) in zip(halves, known, strict=True)
        )
    if len(known) > 1:
        return tuple(
            Play(case, name, (script,), facts) for script, (name, facts) in zip(part.scripts, known, strict=True)
        )
    stage, (name, facts) = part.stages[0], known[0]
    play = Play(case, name, part.scripts, facts, stage.items or 0, stage.users)
    return (replace(play, prompts=part.items.distinct, page=part.page),)


def _stalled(part: Part, name: str, facts: Facts) -> Play:
    assert part.arrivals is not None  # noqa: S101  # of an open loop
    requests, rate = len(part.arrivals.at_s), part.stages[0].rate
    return Play("stall_in_open_loop", name, part.scripts, facts, requests, part.most_in_flight, rate)
