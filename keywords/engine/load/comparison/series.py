"""Series of load runs: what a comparison needs to know of each run, from the store or from a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SeriesError(ValueError):
    """A series cannot be read; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class SeriesRun:
    """One load run of a series.

    Attributes:
        run: its number in the store that it was measured into.
        started_at: wall clock, seconds since the epoch.
        figures: one number by the name of the compared metric, in its own unit; infinite where too many requests had no
            answer. A metric without a number is missing.
        workload_hash: of what was sent; None if nobody knows.
        load: how much and when, such as `10 users`; empty if nobody knows.
        machine: of the client, such as `AMD EPYC 7B13, 2 CPUs, 8 GiB, Linux`; empty if nobody knows.
        problem: why its figures prove nothing: INVALID, interrupted, or without an end. Empty if they do.
        round: of an interleaved measurement, unique among all; None outside of one.
        model: that was asked for; None if nobody knows.
    """

    run: int
    started_at: float
    figures: Mapping[str, float] = field(repr=False)
    workload_hash: str | None
    load: str
    machine: str
    problem: str = ""
    round: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Load runs that measured the same thing.

    Attributes:
        name: as asked for, such as `release`, `3,5,7` or `baseline:release`.
        runs: in the order of their starts.
    """

    name: str
    runs: tuple[SeriesRun, ...]

    @property
    def usable(self) -> tuple[SeriesRun, ...]:
        """The runs whose figures prove something."""
        return tuple(run for run in self.runs if not run.problem)
