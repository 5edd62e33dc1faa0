"""Conformance case: a server's behaviour with known answers, and the judgement of a measurement of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keywords.engine.load.cases.items import CaseItems, item_number
from keywords.engine.load.plan import Stage

if TYPE_CHECKING:

    from keywords.engine.load.arrivals import Arrivals
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


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the engine measured of one part of a case, and what the backend recorded of the same requests.

    Attributes:
        samples: without those of a warm-up.
        summary: the engine's summary of them.
        requests: the backend's records, in the order of their arrival.
        started: start of the first stage, by `clock.now()`.
        arrivals: of an open loop.
    """

    samples: tuple[Sample, ...]
    summary: Summary
    requests: tuple[RecordedRequest, ...]
    started: float
    arrivals: Arrivals | None = None

    def pairs(self) -> Iterator[tuple[Sample, RecordedRequest]]:
        """Each sample with the backend's record of its request; a sample without one, or with several, is left out."""
        by_item: dict[int, list[RecordedRequest]] = {}
        for request in self.requests:
            by_item.setdefault(item_number(request), []).append(request)
        for sample in self.samples:
            if len(records := by_item.get(sample.item, [])) == 1:
                yield sample, records[0]


Check = Callable[[Measurement], Iterator[Deviation]]


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
    """

    scripts: tuple[Script, ...]
    check: Check
    items: CaseItems = CaseItems()
    stages: tuple[Stage, ...] = (Stage(duration_s=None, users=1, items=2),)
    arrivals: Arrivals | None = None
    most_in_flight: int | None = None


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
