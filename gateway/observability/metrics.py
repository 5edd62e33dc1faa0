"""`/metrics`: what all requests took and cost, in Prometheus' text format.

What is measured of a request stands in `gateway.observability.request_metrics`.

The store are kept in plain lists, or in memory that all workers read (`gateway.observability.metric_store`), for a
fraction of the cost of the client library's own histograms, and handed to its registry when a page is asked for:
counters of all workers added up, those of dead ones too; gauges of those that live, requests in flight added up and of
all others the greatest.
"""

from __future__ import annotations

import asyncio
from functools import partial
from math import nan
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

from gateway.observability.metric_families import counter, counter_of, gauge, histogram, recorder
from gateway.observability.metric_store import MetricStore, SharedMetricStore
from gateway.observability.request_metrics import BACKEND, FAMILIES, METRICS, Facts, facts_of, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from gateway.observability.metric_store import SeriesKey
    from gateway.observability.request_metrics import FactsTuple
    from gateway.request.record import RequestRecord
    from gateway.routing.breaker import Breaker
    from gateway.state import Reloads

# Backends may send codes of their own; more than this many are counted together.
_CODES = 64
_OTHER = "other"
_BREAKER_STATES = ("closed", "half-open", "open")
_ATTEMPTS = "gateway_attempts"
_IN_FLIGHT = "gateway_requests_in_flight"
PUBLISH_S = 0.5


class Metrics(Collector):
    """Counts requests; its page tells of them, of the process and of its garbage collector.

    Args:
        store: where they are kept.

    Attributes:
        is_shared: other workers read them too.
        extra: further store by the metric's name, read when a page is asked for: its help, the names of its labels,
            and a function that gives a value for each tuple of their values. A name that ends in `_total` is a counter.
    """

    def __init__(self, store: MetricStore | None = None) -> None:
        self._store = store = store or MetricStore()
        self.is_shared = isinstance(store, SharedMetricStore)
        self._in_flight = store.series(_IN_FLIGHT, (), gauge=True)
        self._in_flight[0] = 0.0
        self._published: dict[SeriesKey, float] = {}
        self.extra: dict[str, tuple[str, Sequence[str], Callable[[], Mapping[tuple[str, ...], float]]]] = {}
        self._codes: set[str] = set()
        self._recorders: dict[FactsTuple, list[Callable[[RequestRecord], None]]] = {}
        self._attempts: dict[tuple[str, str], Callable[[object], None]] = {}
        self._process = (ProcessCollector(registry=None), GCCollector(registry=CollectorRegistry()))
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def add(self, record: RequestRecord) -> None:
        """Count a finished request; those outside the API are not counted."""
        if not record.to_api:
            return
        facts = facts_of(record)
        code = facts[-1]
        if code is not None and code not in self._codes:
            facts = (*facts[:-1], self._known_code(code))
        for measure in self._recorders.get(facts) or self._new_recorders(facts):
            measure(record)
        for attempt in record.attempts:
            which = (attempt.backend, attempt.outcome)
            (self._attempts.get(which) or self._new_attempts(which))(attempt)

    def _known_code(self, code: str) -> str:
        """A new code, or the one for all further codes."""
        if len(self._codes) >= _CODES:
            return _OTHER
        self._codes.add(code)
        return code

    def _new_recorders(self, facts: FactsTuple) -> list[Callable[[RequestRecord], None]]:
        """What measures requests of which this is known."""
        found = self._recorders[facts] = [
            recorder(self._store, metric, labels)
            for metric in METRICS
            if (labels := values_of(metric.labels, Facts(*facts))) is not None
        ]
        return found

    def _new_attempts(self, which: tuple[str, str]) -> Callable[[object], None]:
        count = self._attempts[which] = counter_of(self._store, _ATTEMPTS, which)
        return count

    def begin(self) -> None:
        """Note that an API request is being answered."""
        self._in_flight[0] += 1

    def end(self) -> None:
        """Note that one is answered."""
        self._in_flight[0] -= 1

    def watch_breakers(self, breakers: Mapping[str, Breaker]) -> None:
        """Tell the state of each backend's breaker."""
        self.extra["gateway_breaker_state"] = (
            "Whether a backend is left alone: 0 closed, 1 half-open, 2 open.",
            (BACKEND.name,),
            lambda: {(name,): _BREAKER_STATES.index(breaker.state) for name, breaker in breakers.items()},
        )

    def watch_reloads(self, reloads: Reloads) -> None:
        """Tell what came of the readings of the configuration."""
        self.extra["gateway_config_reload_total"] = (
            "Configurations read while running, by whether they could be used.",
            ("outcome",),
            lambda: {("applied",): reloads.applied, ("refused",): reloads.refused},
        )
        self.extra["gateway_config_reload_last_refused"] = (
            "1 if the configuration that was read last could not be used.",
            (),
            lambda: {(): float(reloads.last_refused)},
        )
        self.extra["gateway_config_reload_time_seconds"] = (
            "Unix time since which the present configuration is in force.",
            (),
            lambda: {(): reloads.since},
        )

    async def close(self) -> None:
        """Nothing waits here."""

    def page(self) -> bytes:
        """The whole page."""
        return generate_latest(self._registry)

    def publish(self) -> None:
        """Let other workers know what is read only when a page is asked for."""
        read = {(name, labels): value for name, (_, _, get) in self.extra.items() for labels, value in get().items()}
        for (name, labels), value in read.items():
            if name.endswith("_total"):
                # What a worker before this one in its place has counted stays.
                self._store.series(name, labels)[0] += value - self._published.get((name, labels), 0.0)
            else:
                self._store.series(name, labels, gauge=True)[0] = value
        for name, labels in self._published.keys() - read.keys():
            if not name.endswith("_total"):
                self._store.series(name, labels, gauge=True)[0] = nan
        self._published = read

    async def keep_published(self) -> None:
        """Let other workers know it until cancelled."""
        while True:
            await asyncio.sleep(PUBLISH_S)
            self.publish()

    def collect(self) -> Iterator[Metric]:
        """All families, for the registry."""
        self.publish()
        found = self._store.read()
        for metric in FAMILIES:
            if metric.bounds:
                yield histogram(found, metric)
            else:
                yield counter(found, metric.name, metric.help, [label.name for label in metric.labels])
        yield counter(found, _ATTEMPTS, "Attempts at backends.", (BACKEND.name, "outcome"))
        yield gauge(found, _IN_FLIGHT, "API requests being answered.", (), sum)
        for name, (told, labels, _) in self.extra.items():
            if name.endswith("_total"):
                yield counter(found, name, told, labels)
            else:
                yield gauge(found, name, told, labels, max)
        yield from self._processes()

    def _processes(self) -> Iterator[Metric]:
        """The memory, the computing time and the open files of each worker; of a single one also its garbage."""
        if not self.is_shared:
            for collector in self._process:
                yield from collector.collect()
            return
        families: dict[str, Metric] = {}
        for index, pid in enumerate(self._store.pids()):
            for family in ProcessCollector(pid=partial(int, pid), registry=None).collect() if pid else ():
                kept = families.setdefault(family.name, family)
                for sample in family.samples:
                    sample.labels["gateway_worker"] = str(index)
                if kept is not family:
                    kept.samples += family.samples
        yield from families.values()
