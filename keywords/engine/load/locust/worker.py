"""The part of a Locust process that sends: a worker, or the only process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import gevent
import orjson
from gevent.event import Event
from gevent.pool import Pool

from keywords.engine import clock
from keywords.engine.load.conversations import Progress
from keywords.engine.load.errors import PlanError
from keywords.engine.load.health import HealthWatch
from keywords.engine.load.locust.client import LocustClient
from keywords.engine.load.locust.packing import BETWEEN_STAGES, pack_health, pack_sample
from keywords.engine.load.sample import Sample
from keywords.engine.load.thinned import ThinnedValues

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.load.items import Item
    from keywords.engine.load.plan import LoadPlan

_MOST_WORKERS = 1000
"""Items of a process are so far apart that no two processes send the same one."""
_RECONNECT_PAUSE_S = 0.1
"""Pause of a user who got no connection; without it, refused connections would keep the process busy."""


class GeventTimer:
    """A timer of gevent's loop, as far as the watch of a process's health needs one."""

    def call_at(self, at_s: float, call: Callable[[], object]) -> None:
        """Call at a moment."""
        gevent.spawn_later(max(0.0, at_s - clock.now()), call)


class LocustWorker:
    """Sends the requests of one Locust process, and keeps what it measured until it is reported.

    Args:
        plan: the load plan.
        number: of the process, from 0.
        on_sample: called with each finished sample.
    """

    def __init__(self, plan: LoadPlan, number: int, on_sample: Callable[[Sample], object]) -> None:
        self._plan = plan
        self._number = number
        self._on_sample = on_sample
        self._client = LocustClient(plan.target, timeout_s=plan.timeout_s)
        self._send_lags = [ThinnedValues() for _ in plan.stages]
        # Before the first stage is told, nothing is noted.
        self._progress = Progress(stage=BETWEEN_STAGES)
        self._watch = HealthWatch(GeventTimer(), self._progress)  # type: ignore[arg-type]  # it needs no more of a timer
        self._samples: list[Sample] = []
        self._begun = Event()
        self._arrivals_at = 0.0
        self._places: range = range(0)
        self._taken = threading.Lock()
        self._sent = self._users = 0

    def begin(self, at_s: float, workers: int) -> None:
        """Let the arrivals begin at a moment; of so many processes, each sends every so-many-th."""
        arrivals = self._plan.arrivals
        self._arrivals_at = at_s
        self._places = range(self._number, 0 if arrivals is None else len(arrivals), workers)
        self._begun.set()

    def set_stage(self, stage: int) -> None:
        """Note that a stage has begun, or, between two, that it has ended."""
        self._progress.stage = stage

    def drain(self) -> None:
        """Note that no further request begins."""
        self._watch.drain()

    def new_user(self) -> int:
        """The number of a user of this process that comes."""
        self._users += 1
        return self._number + (self._users - 1) * _MOST_WORKERS

    def send_next(self, user: int, ready_s: float) -> Sample:
        """Send the next item of a closed loop."""
        number = self._number + self._sent * _MOST_WORKERS
        self._sent += 1
        sample = self._send(number, self._progress.stage, ready_s, user)
        if sample.error == "no_connection":
            gevent.sleep(_RECONNECT_PAUSE_S)
        return sample

    def send_arrivals(self) -> bool:
        """Send this process's arrivals, each at its moment; whether there were any."""
        self._begun.wait()
        with self._taken:  # of several users, one sends them
            places, self._places = self._places, range(0)
        arrivals, pool = self._plan.arrivals, Pool()
        if arrivals is None or not places:
            return False
        try:
            for place in places:
                intended = self._arrivals_at + float(arrivals.at_s[place])
                body, item = self._body(place)
                gevent.sleep(max(0.0, intended - clock.now()))
                self._progress.stage = int(arrivals.stage[place])
                pool.spawn(self._send_body, body, item, int(arrivals.stage[place]), intended)
            pool.join()
        finally:
            pool.kill()
        return True

    def report(self) -> dict[str, Any]:
        """What was measured since the last report, and the health so far."""
        samples, self._samples = self._samples, []
        health = self._watch.health(self._number, self._send_lags, self._client.exhausted)
        return {"samples": [pack_sample(sample) for sample in samples], "health": pack_health(health)}

    def end(self) -> None:
        """End the watch of the process's health."""
        self._watch.end()

    def _send(self, number: int, stage: int, intended: float, user: int | None = None) -> Sample:
        body, item = self._body(number)
        return self._send_body(body, item, stage, intended, user)

    def _send_body(self, body: bytes, item: Item, stage: int, intended: float, user: int | None = None) -> Sample:
        sample = Sample(item.number, 0, item.kind, stage, user, self._number, intended)
        sample.t_queued = clock.now()
        if stage >= 0:
            self._send_lags[stage].add(sample.t_queued - intended)
        try:
            self._client.send(body, sample)
        finally:
            self._samples.append(sample)
            self._on_sample(sample)
        return sample

    def _body(self, number: int) -> tuple[bytes, Item]:
        item = self._plan.source.item(number)
        if len(item.turns) > 1:
            raise PlanError("--load-workload: Locust's users hold conversations of one request; give another workload")
        turn = item.turns[0]
        body = {"model": self._plan.target.model, "messages": list(turn.messages), "stream": True, **turn.fields}
        return orjson.dumps({name: value for name, value in body.items() if value is not None}), item
