"""Conformance case: a server's behaviour with known answers, and the judgement of a measurement of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from keywords.engine.load.cases.items import CaseItems, item_number
from keywords.engine.load.plan import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keywords.engine.load.arrivals import Arrivals
    from keywords.engine.load.cautions import Caution
    from keywords.engine.load.sample import Sample
    from keywords.engine.scripted.record import RecordedRequest
    from keywords.engine.scripted.script import Script


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where a measurement differs from the truth.

    Attributes:
        what: a sentence with the measured value and the true one.
        machine: whether a busy machine may cause it; else only a wrong measurement does.
    """

    what: str
    machine: bool = False


class Numbers(Protocol):
    """The numbers that the engine reports of a load run, under its own names of metrics; times are in seconds."""

    @property
    def error_rate(self) -> float:
        """Failed requests of all that were not cancelled, 0 to 1."""

    @property
    def errors(self) -> Mapping[str, int]:
        """Failed requests by class."""

    def count(self, metric: str, stage: int | None = None) -> int:
        """Number of values, of a stage or of all."""

    def mean(self, metric: str, stage: int | None = None) -> float | None:
        """Mean of the requests' values; None without any."""

    def percentile(self, metric: str, p: int, stage: int | None = None, *, failures: bool = False) -> float | None:
        """Percentile, on request with failures as infinite; None where there are too few values."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the engine measured of one part of a case, and what the backend recorded of the same requests.

    Attributes:
        samples: without those of a warm-up.
        numbers: that the engine reports of them.
        invalid: why the engine takes the run for INVALID, one sentence each; empty for a VALID one.
        cautions: that the engine gives with the numbers.
        received: number of requests at the backend.
        requests: the backend's records, in the order of their arrival; empty if the part does without.
        started: start of the first stage, by `clock.now()`.
        arrivals: of an open loop.
        page: the server's `/metrics` after the run; empty without.
    """

    samples: tuple[Sample, ...]
    numbers: Numbers
    invalid: tuple[str, ...]
    cautions: tuple[Caution, ...]
    received: int
    requests: tuple[RecordedRequest, ...]
    started: float
    arrivals: Arrivals | None = None
    page: bytes = b""

    def every(self, number: int, of: int) -> Measurement:
        """The requests of one script among several that take turns; numbers and cautions stay those of all.

        Args:
            number: of the script, from 0.
            of: number of scripts.
        """
        requests = tuple(request for request in self.requests if item_number(request) % of == number)
        samples = tuple(sample for sample in self.samples if sample.item % of == number)
        return replace(self, samples=samples, requests=requests, received=len(requests))

    def pairs(self) -> Iterator[tuple[Sample, RecordedRequest]]:
        """Each sample with the backend's record of its request; a sample without one, or with several, is left out."""
        by_item: dict[int, list[RecordedRequest]] = {}
        for request in self.requests:
            by_item.setdefault(item_number(request), []).append(request)
        for sample in self.samples:
            if len(records := by_item.get(sample.item, [])) == 1:
                yield sample, records[0]


def one_by_one(items: int) -> tuple[Stage, ...]:
    """One stage of one user, whose items meet the scripts in their order."""
    return together(items, users=1)


def together(items: int, users: int | None = None) -> tuple[Stage, ...]:
    """One stage of so many items, all at once or by so many users."""
    return (Stage(duration_s=None, users=users or items, items=items),)


Check = Callable[[Measurement], Iterator[Deviation]]


def in_turn(*checks: Check) -> Check:
    """A check of a part whose scripts take turns, one check for each script."""

    def check(measured: Measurement) -> Iterator[Deviation]:
        for number, each in enumerate(checks):
            yield from each(measured.every(number, len(checks)))

    return check


@dataclass(frozen=True, slots=True)
class Part:
    """One load run of a case.

    Attributes:
        scripts: what the backend plays, in a cycle.
        check: compares what was measured with the truth.
        items: what is sent.
        stages: when; two items of one user if left out.
        arrivals: of an open loop.
        most_in_flight: as in `LoadPlan`.
        page: that the backend shows at `/metrics`; None for none.
        recorded: whether the check reads the backend's records.
    """

    scripts: tuple[Script, ...]
    check: Check
    items: CaseItems = field(default_factory=CaseItems)
    stages: tuple[Stage, ...] = one_by_one(2)
    arrivals: Arrivals | None = None
    most_in_flight: int | None = None
    page: bytes | None = None
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """A server's behaviour with known answers.

    Attributes:
        name: as rows call it.
        behaviour: what the server does, as a sentence.
        truth: what a right measurement says.
        source: the report of a tool that said something else.
        parts: load runs, one after the other.
    """

    name: str
    behaviour: str
    truth: str
    source: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement of a case.

    Attributes:
        case: the case.
        deviations: all differences from the truth; none for a right measurement.
    """

    case: Case
    deviations: tuple[Deviation, ...] = field(default=())

    @property
    def wrong(self) -> list[str]:
        """The differences that only a wrong measurement makes."""
        return [each.what for each in self.deviations if not each.machine]

    @property
    def late(self) -> list[str]:
        """The differences that a busy machine may make too."""
        return [each.what for each in self.deviations if each.machine]
