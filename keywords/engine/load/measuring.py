"""Measuring: one load run from its plan to its numbers, with every sample in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keywords.engine.load.cautions import CautionCounter
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.run import run_load
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.recording import Recording

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keywords.engine.load.cautions import Caution
    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.run import RunFacts, SampleSink
    from keywords.engine.load.service_levels import ServiceLevel


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be measured, and where it is kept.

    Attributes:
        plan: what to send.
        store: the file of measurements.
        series: name under which runs are compared.
        workload: name of the workload, for reports.
        workload_hash: of what is sent; None if it is unknown.
        levels: service levels that the run has to hold.
        options: what the user asked for, as JSON holds it.
    """

    plan: LoadPlan
    store: Path
    series: str
    workload: str = ""
    workload_hash: str | None = None
    levels: tuple[ServiceLevel, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadRun:
    """A load run that ended.

    Attributes:
        order: what was to be measured.
        run: id in the store.
        facts: as its client saw it.
        cautions: why its numbers may mislead although they were measured rightly.
    """

    order: Order
    run: int
    facts: RunFacts
    cautions: tuple[Caution, ...]

    @cached_property
    def summary(self) -> Summary:
        """Its numbers."""
        return Summary(read_samples(self.order.store, self.run))


def measure(
    order: Order,
    sinks: Sequence[SampleSink] = (),
    *,
    stop: threading.Event | None = None,
    on_start: Callable[[float], object] | None = None,
) -> LoadRun:
    """Run a load plan and keep every sample.

    Args:
        order: what to measure.
        sinks: further ones, such as a live view.
        stop: ends the run early when it is set, as Ctrl-C does.
        on_start: as `run_load`.

    Raises:
        StoreError: the store cannot be used, or rows of it were lost; the message says how many.
        ValueError, LoadRunError: as `run_load`.
    """
    plan = order.plan
    counter = CautionCounter(plan.source)
    with Recording(
        order.store, order.series, plan, workload_hash=order.workload_hash, options=order.options
    ) as recording:
        facts = run_load(plan, [recording, counter, *sinks], stop=stop, on_start=on_start)
        cautions = counter.cautions()
        recording.finish(facts, validity=None, reasons=[caution.text for caution in cautions])
    return LoadRun(order, recording.run, facts, cautions)
