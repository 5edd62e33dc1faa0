"""Session: one load run from its plan to its numbers, stored, with what the server said of itself meanwhile."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keywords.engine import clock
from keywords.engine.load.cautions import Caution, CautionCounter
from keywords.engine.load.collector import rare_collections
from keywords.engine.load.environment import environment_cautions, look_at_environment
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.planning import drawn_facts
from keywords.engine.load.run import run_load
from keywords.engine.load.served_model import look_at_model, model_cautions
from keywords.engine.load.server_metrics.sampler import ServerSampler
from keywords.engine.load.server_metrics.storage import store_signals
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.recording import Recording
from keywords.engine.load.validity import Check, judge
from keywords.engine.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keywords.engine.load.disturbance import Disturbance, Happened
    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.run import RunFacts, SampleSink
    from keywords.engine.load.server_metrics.histogram import Histogram
    from keywords.engine.load.server_metrics.signals import Signal, SignalValue
    from keywords.engine.load.validity import Validity


@dataclass(frozen=True, slots=True)
class LoadRun:
    """A load run that has ended.

    Attributes:
        run: its id in the store.
        store: the file.
        series: name under which runs are compared.
        plan: what was sent.
        facts: how it went, as its client saw it.
        summary: its numbers.
        validity: whether its numbers are worth believing.
        cautions: why true numbers may mislead.
        signals: what the server said of itself, in the order of time.
        pages_at: when the server was asked, by `clock.now()`.
        server_problem: why the server said nothing; None if it did.
        happened: what was done to the server in its middle.
        missed_pages: how often the server's metrics could not be read after the first time.
        server_times: what the server's own histograms grew by, by their names.
    """

    run: int
    store: Path
    series: str
    plan: LoadPlan = field(repr=False)
    facts: RunFacts = field(repr=False)
    summary: Summary = field(repr=False)
    validity: Validity
    cautions: tuple[Caution, ...]
    signals: tuple[SignalValue, ...] = field(repr=False)
    pages_at: tuple[float, ...] = field(repr=False)
    server_problem: str | None
    happened: tuple[Happened, ...]
    missed_pages: int = 0
    server_times: Mapping[str, Histogram] = field(default_factory=dict, repr=False)

    def values_of(self, signal: Signal) -> list[SignalValue]:
        """What the server said under one signal."""
        return [value for value in self.signals if value.signal == signal]

    def growth_of(self, signal: Signal) -> float | None:
        """What a counter of the server grew by from before the run to after it; None if the server lacks it.

        A series that was not there before began at 0.
        """
        values = self.values_of(signal)
        if not values:
            return None
        first, last = self.pages_at[0], self.pages_at[-1]
        before, after = (sum(each.value for each in values if each.at_s == at_s) for at_s in (first, last))
        return after - before


@rare_collections()
def measure_load(
    plan: LoadPlan,
    *,
    store: Path,
    series: str,
    workload_hash: str | None = None,
    options: Mapping[str, Any] | None = None,
    disturbance: Disturbance | None = None,
    sinks: Sequence[SampleSink] = (),
    on_start: Callable[[float], object] | None = None,
) -> LoadRun:
    """Run a load plan, store what it measures, and sum it up; if samples did not reach the store, it is INVALID.

    Args:
        plan: what to send.
        store: the file for samples and for the server's metrics.
        series: name under which runs are compared.
        workload_hash: of what is sent.
        options: what the user asked for, as JSON holds it.
        disturbance: what happens to the server meanwhile.
        sinks: get all samples too, such as a live view.
        on_start: see `run_load`.

    Raises:
        LoadRunError: the load could not be sent.
        StoreError: the store cannot be used before the load begins, or be read after it.
        Exception: of the disturbance's action that failed.
    """
    counter = CautionCounter(plan.source)
    sampler = ServerSampler(plan.target.url.rstrip("/").removesuffix("/v1"), api_key=plan.target.api_key)
    before, began = look_at_environment(), clock.now()
    environment = {"start": before.as_json(), "model": look_at_model(plan.target).as_json()}

    def begin(started: float) -> None:
        if disturbance is not None:
            disturbance.start(started)
        if on_start is not None:
            on_start(started)

    with ExitStack() as around:
        recording = around.enter_context(
            Recording(
                store,
                series,
                plan,
                workload_hash=workload_hash,
                options={**(options or {}), "drawn": drawn_facts(plan)},
                environment=environment,
            )
        )
        around.enter_context(sampler)
        if disturbance is not None:
            around.callback(disturbance.stop)
        facts = run_load(plan, [recording, counter, *sinks], on_start=begin)
        if disturbance is not None and disturbance.failure is not None:
            raise disturbance.failure
        after = look_at_environment()
        sampler.stop()
        environment |= {"end": after.as_json(), "model_at_end": look_at_model(plan.target).as_json()}
        validity = judge(facts)
        try:
            recording.finish(
                facts,
                validity="VALID" if validity.is_valid else "INVALID",
                reasons=validity.reasons,
                environment=environment,
            )
        except StoreError as error:
            # What did reach the store is worth a report, which says what did not.
            validity = replace(validity, checks=(*validity.checks, Check("stored", str(error), passed=False)))
    cautions = [
        Caution("environment", text)
        for text in (
            *environment_cautions(before, after, clock.now() - began, len(facts.clients)),
            *model_cautions(environment["model"], environment["model_at_end"]),
        )
    ]
    signals, times = tuple(sampler.values()), sampler.times()
    try:
        store_signals(store, recording.run, signals)
    except StoreError as error:
        cautions.append(Caution("environment", f"the server's own metrics are not in the store: {error}"))
    return LoadRun(
        run=recording.run,
        store=store,
        series=series,
        plan=plan,
        facts=facts,
        summary=Summary(read_samples(store, recording.run)),
        validity=validity,
        cautions=(*counter.cautions(), *cautions),
        signals=signals,
        pages_at=sampler.pages_at,
        server_problem=sampler.problem,
        happened=() if disturbance is None else tuple(disturbance.happened),
        missed_pages=sampler.missed,
        server_times=times,
    )
