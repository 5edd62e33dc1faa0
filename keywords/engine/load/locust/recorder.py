"""The part of a Locust process that keeps: the master, or the only process."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from keywords.engine import clock
from keywords.engine.load.environment import look_at_environment
from keywords.engine.load.locust.packing import BETWEEN_STAGES, clock_difference, unpack_health, unpack_sample
from keywords.engine.load.planning import drawn_facts
from keywords.engine.load.run import RunFacts
from keywords.engine.load.storage.recording import Recording
from keywords.engine.load.validity import judge

if TYPE_CHECKING:
    from keywords.engine.load.locust.options import LocustLoad
    from keywords.engine.load.run import ClientHealth
    from keywords.engine.load.sample import Sample


class LocustRecorder:
    """Keeps the samples of all Locust processes in the store, in the same tables as the engine's.

    Args:
        load: what Locust is to do.

    Attributes:
        run: id of the run in the store.

    Raises:
        StoreError: the store cannot be used.
    """

    def __init__(self, load: LocustLoad) -> None:
        self._load = load
        self._began = (time.time(), clock.now())
        self._start = look_at_environment()
        self._recording = Recording(
            load.store,
            load.series,
            load.plan,
            workload_hash=load.workload_hash,
            options={**load.options, "tool": "locust", "drawn": drawn_facts(load.plan)},
            environment={"start": self._start.as_json()},
        )
        self.run = self._recording.run
        self._bounds: list[tuple[float, float]] = []
        self._open: float | None = None
        self._waiting: list[Sample] = []
        self._health: dict[str, ClientHealth] = {}
        self._begun, self._unsent = Counter[int](), 0

    def open_stage(self, at_s: float | None = None) -> None:
        """Begin a stage: all of its users are there."""
        self._open = clock.now() if at_s is None else at_s

    def close_stage(self, at_s: float | None = None) -> None:
        """End the stage: users come, or the load ends."""
        if self._open is not None:
            self._bounds.append((self._open, clock.now() if at_s is None else at_s))
            self._open = None
            self._hand_over()

    @property
    def stages_done(self) -> int:
        """Stages that have ended."""
        return len(self._bounds)

    def take(self, worker: str, report: dict[str, Any], their_offset_s: float | None = None) -> None:
        """Take a report of a process, whose clock may be another machine's."""
        behind_s = 0.0 if their_offset_s is None else clock_difference(their_offset_s, time.time() - clock.now())
        self._health[worker] = unpack_health(report["health"])
        self._waiting += [unpack_sample(values, behind_s=behind_s) for values in report["samples"]]

    def finish(self, lost: list[str]) -> RunFacts:
        """Write what is left, and how the run ended.

        Args:
            lost: workers that did not live to the end, one sentence each.

        Raises:
            RowsLostError: samples are not in the store.
            StoreError: the end of the run could not be written.
        """
        self.close_stage()
        self._hand_over(whole=True)
        plan = self._load.plan
        wall_s, began_s = self._began
        ended = self._bounds[-1][1] if self._bounds else clock.now()
        arrivals = Counter[int](() if plan.arrivals is None else plan.arrivals.stage.tolist())
        stages = range(len(plan.stages))
        started = self._bounds[0][0] if self._bounds else began_s
        facts = RunFacts(
            started_at=wall_s + started - began_s,
            started=started,
            ended=ended,
            stage_bounds=tuple(self._bounds),
            planned=tuple(None if plan.arrivals is None else arrivals[stage] for stage in stages),
            interrupted=len(self._bounds) < len(plan.stages),
            clients=tuple(self._health.values()),
            lost_clients=tuple(lost),
            begun=tuple(self._begun[stage] for stage in stages),
            unsent_items=self._unsent,
            clock_step_s=time.time() - clock.now() - (wall_s - began_s),
        )
        validity = judge(facts)
        self._recording.finish(
            facts,
            validity="VALID" if validity.is_valid else "INVALID",
            reasons=validity.reasons,
            environment={"start": self._start.as_json(), "end": look_at_environment().as_json()},
        )
        return facts

    def _hand_over(self, *, whole: bool = False) -> None:
        """Store the samples of the stages that are known; without `whole`, those since then wait."""
        last = self._bounds[-1][1] if self._bounds else 0.0
        ready = [sample for sample in self._waiting if whole or sample.t_intended < last]
        self._waiting = [sample for sample in self._waiting if not whole and sample.t_intended >= last]
        for sample in ready:
            if self._load.plan.arrivals is None:
                sample.stage = self._stage_of(sample.t_intended)
            self._begun[sample.stage] += sample.t_queued is not None
            self._unsent += sample.stage >= 0 and sample.t_queued is None
        self._recording.add(ready)

    def _stage_of(self, moment: float) -> int:
        return next((n for n, (began, ended) in enumerate(self._bounds) if began <= moment < ended), BETWEEN_STAGES)
