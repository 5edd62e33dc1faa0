"""Load run: sends what a plan says from client processes, and hands the samples over while it goes on."""

from __future__ import annotations

import queue
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from keywords.engine import clock
from keywords.engine.load.interruption import Interruption
from keywords.engine.load.processes import ClientProcess, Message
from keywords.engine.load.share import choose_processes, shares
from keywords.engine.load.watchdog import Watchdog

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from keywords.engine.load.plan import LoadPlan
    from keywords.engine.load.runner import RunnerFacts
    from keywords.engine.load.sample import Sample

_START_LIMIT_S = 60.0
_LEAD_S = 0.05
"""From the order to start to the first moment of the load, so that no process is late for it."""
_STOP_LIMIT_S = 10.0
_POLL_S = 0.1
_LATE_S = 60.0
"""After the drain; a client needs some milliseconds to hand over its last samples."""


class LoadRunError(Exception):
    """The load run could not begin, or a fault of its items ended it."""


class SampleSink(Protocol):
    """Where samples go while the load run goes on: the store, the live view."""

    def add(self, samples: Sequence[Sample]) -> None:
        """Take finished samples; called in the main process, several times a second."""


@dataclass(frozen=True, slots=True)
class ClientHealth:
    """How the client itself fared in one of its processes.

    Attributes:
        process: number of the client process.
        cpu_share: its processor time over the time that passed, in the busiest 5 s of the load; 1 is a whole core.
        loop_lags_s: for each stage, and under `share.DRAIN` for the drain, how much later than planned a timer of its
            event loop fired, 100 times a second; the warm-up is left out. Thinned evenly in a long stage.
        cpu_s: processor time, user and system.
        max_rss_bytes: largest resident memory.
        send_lags_s: for each stage, how much later than possible each of its requests was sent by the client's own
            fault: waits for a slot or a connection not counted, nor the warm-up. Thinned evenly in a long stage.
        exhausted: requests that failed because this machine had no file descriptor or port left.
    """

    process: int
    cpu_share: float
    loop_lags_s: Mapping[int, Sequence[float]] = field(repr=False)
    cpu_s: float
    max_rss_bytes: int
    send_lags_s: Mapping[int, Sequence[float]] = field(default_factory=dict, repr=False)
    exhausted: int = 0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A load run as its client saw it.

    Attributes:
        started_at: wall clock at the start of the first stage, seconds since the epoch.
        started: the same moment by `clock.now()`.
        ended: end of the last stage, by `clock.now()`; before the drain.
        stage_bounds: begin and end of each stage by `clock.now()`.
        planned: items that were to be sent in each stage; None in a closed loop's stage that time ends.
        interrupted: whether Ctrl-C or a signal ended it early.
        clients: one entry for each client process that lived to the end.
        lost_clients: why each other client process ended, one sentence each; what it had handed over is kept.
        begun: items of each stage whose first request was taken up before that stage's end, or punctually at it.
        unsent_items: requests that were due in an open loop and never got a slot.
        clock_step_s: how far the wall clock moved against `clock.now()` during the run: it was set, or the machine
            slept.
    """

    started_at: float
    started: float
    ended: float
    stage_bounds: tuple[tuple[float, float], ...]
    planned: tuple[int | None, ...]
    interrupted: bool
    clients: tuple[ClientHealth, ...]
    lost_clients: tuple[str, ...] = ()
    begun: tuple[int, ...] = ()
    unsent_items: int = 0
    clock_step_s: float = 0.0

    @property
    def planned_items(self) -> int | None:
        """Items that were to be sent in all stages; None if one of them ends by time alone."""
        known = [items for items in self.planned if items is not None]
        return sum(known) if len(known) == len(self.planned) else None

    @property
    def begun_items(self) -> int:
        """Items of all stages that were begun in time."""
        return sum(self.begun)


def run_load(
    plan: LoadPlan,
    sinks: Sequence[SampleSink],
    *,
    stop: threading.Event | None = None,
    on_start: Callable[[float], object] | None = None,
) -> RunFacts:
    """Run a load plan to its end.

    The load comes from processes of its own, so that neither a sink nor the caller's threads delay it. Ctrl-C and
    SIGTERM end it early, if this is called in the main thread: requests under way are cancelled, everything measured is
    handed over, and `RunFacts.interrupted` says so; then the caller decides what else ends. A second one raises
    KeyboardInterrupt. If a client process dies, or is ended because it stands still, the others go on.

    Args:
        plan: what to send.
        sinks: each gets all samples.
        stop: ends the run early when it is set, as Ctrl-C does.
        on_start: called when the client processes are ready, with the start of the first stage after the warm-up by
            `clock.now()`, shortly before the load begins.

    Raises:
        ValueError: the plan contradicts itself; the message names the field.
        LoadRunError: no client process could start, or an item could not be made.
    """
    _check(plan)
    parts = shares(plan, choose_processes(plan))
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    processes: list[ClientProcess] = []
    with Interruption() as interruption:
        try:
            for part in parts:
                processes.append(ClientProcess(part, messages))  # noqa: PERF401  # each is ended if the next cannot start
            run = _Run(processes, messages, sinks, lambda: interruption.came or (stop is not None and stop.is_set()))
            run.await_ready()
            offset = time.time() - clock.now()
            started = clock.now() + _LEAD_S + plan.warmup_s
            if on_start is not None:
                on_start(started)
            run.run(started, _deadline(plan, started))
        finally:
            for process in processes:
                process.close()
    return run.facts(plan, started, started + offset)


class _Run:
    """The main process's side of a load run."""

    def __init__(
        self,
        processes: Sequence[ClientProcess],
        messages: queue.SimpleQueue[Message],
        sinks: Sequence[SampleSink],
        is_interrupted: Callable[[], bool],
    ) -> None:
        self._processes = processes
        self._messages = messages
        self._sinks = sinks
        self._is_interrupted = is_interrupted
        self._alive = set(range(len(processes)))
        self._ready: set[int] = set()
        self._facts: dict[int, RunnerFacts] = {}
        self._lost: list[str] = []
        self._stopped_at: float | None = None
        self._watchdog = Watchdog(len(processes))
        self._heard = [0] * len(processes)
        self._ended_for: dict[int, str] = {}

    def await_ready(self) -> None:
        """Wait until all processes are ready."""
        limit = clock.now() + _START_LIMIT_S
        while self._alive - self._ready and not self._is_interrupted():
            if clock.now() > limit:
                raise LoadRunError(f"a client process was not ready within {_START_LIMIT_S:g} s")
            self._take_message()
            if self._lost:
                raise LoadRunError(f"{self._lost[0]}, before the load began; its last words are on standard error")

    def run(self, started: float, deadline: float) -> None:
        """Start the load, and hand samples over to its end; a process that stands still is ended."""
        for process in self._processes:
            process.start(started)
        while self._alive:
            if self._stopped_at is None and self._is_interrupted():
                self._stopped_at = clock.now()
                for process in self._processes:
                    process.stop()
            if self._stopped_at is not None and clock.now() > self._stopped_at + _STOP_LIMIT_S:
                for number in self._alive:
                    self._processes[number].kill()
            self._hear()
            for number, why in self._watchdog.look(self._alive, deadline).items():
                self._ended_for.setdefault(number, why)
                self._processes[number].kill()
            self._take_message()

    def facts(self, plan: LoadPlan, started: float, started_at: float) -> RunFacts:
        """What the run was."""
        clients = [self._facts[number] for number in sorted(self._facts)]
        bounds = [
            (min(begin for begin, _ in each), max(end for _, end in each))
            for index in range(max((len(client.stage_bounds) for client in clients), default=0))
            if (each := [client.stage_bounds[index] for client in clients if index < len(client.stage_bounds)])
        ]
        return RunFacts(
            started_at=started_at,
            started=started,
            ended=bounds[-1][1] if bounds else clock.now(),
            stage_bounds=tuple(bounds),
            planned=planned_items(plan),
            interrupted=self._stopped_at is not None,
            clients=tuple(client.health for client in clients),
            lost_clients=tuple(self._lost),
            begun=tuple(sum(client.begun[stage] for client in clients) for stage in range(len(plan.stages))),
            unsent_items=sum(client.unsent for client in clients),
            clock_step_s=time.time() - clock.now() - (started_at - started),
        )

    def _hear(self) -> None:
        """Tell the watchdog who said something: a sink that takes its time lets what they said wait."""
        for number in self._alive:
            if (heard := self._processes[number].heard) != self._heard[number]:
                self._heard[number] = heard
                self._watchdog.hear(number)

    def _take_message(self) -> None:
        try:
            number, kind, content = self._messages.get(timeout=_POLL_S)
        except queue.Empty:
            return
        match kind:
            case "samples":
                for sink in self._sinks:
                    sink.add(content)
            case "ready":
                self._ready.add(number)
            case "facts":
                self._facts[number] = content
            case "failed":
                raise LoadRunError(f"client process {number} failed: {content}")
            case "ended":
                self._alive.discard(number)
                if number not in self._facts:
                    how = f"ended by signal {-content}" if content < 0 else f"ended with status {content}"
                    self._lost.append(f"client process {number} {self._ended_for.get(number, how)}")


def _check(plan: LoadPlan) -> None:
    if not plan.stages:
        raise ValueError("stages: give at least one stage")
    for index, stage in enumerate(plan.stages):
        if (stage.users is None) == (stage.rate is None):
            raise ValueError(f"stages[{index}]: give users or a rate")
        if (stage.rate is None) != (plan.arrivals is None):
            raise ValueError(f"stages[{index}]: a rate needs arrivals, and users have none")
        if stage.users is not None and stage.users < 1:
            raise ValueError(f"stages[{index}].users is {stage.users}; give 1 or more")
        if stage.duration_s is None and stage.items is None:
            raise ValueError(f"stages[{index}]: give a duration or a number of items")
    if plan.most_in_flight is not None and plan.most_in_flight < 1:
        raise ValueError(f"most_in_flight is {plan.most_in_flight}; give 1 or more, or None")


def planned_items(plan: LoadPlan) -> tuple[int | None, ...]:
    """Items that are to be sent in each stage of a plan; None in a closed loop's stage that time ends."""
    if plan.arrivals is not None:
        counts = Counter(plan.arrivals.stage.tolist())
        return tuple(counts[stage] for stage in range(len(plan.stages)))
    return tuple(stage.items for stage in plan.stages)


def _deadline(plan: LoadPlan, started: float) -> float:
    """When the run has to be over, by `clock.now()`; infinite where items end a stage."""
    durations = [stage.duration_s for stage in plan.stages]
    return started + sum(float("inf") if each is None else each for each in durations) + plan.drain_s + _LATE_S
