"""`/metrics`: what all requests took and cost, in Prometheus' text format.

`gateway.observability.request_metrics` declares what is measured of a request.

The values stand in plain lists, or in memory that all workers share (`gateway.observability.metric_store`), at a
fraction of the cost of the client library's own histograms. A scrape hands them to its registry. Counters are summed
over all workers, dead ones included. Gauges come from living workers only: requests in flight are summed, of every
other gauge the greatest value counts.
"""

from __future__ import annotations

import asyncio
from functools import partial
from math import nan
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

from gateway.observability.metric_families import counter, event_counter, gauge, histogram, request_recorder
from gateway.observability.metric_store import MetricStore, SharedMetricStore
from gateway.observability.request_metrics import BACKEND, FAMILIES, METRICS, Facts, facts_of, label_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from gateway.observability.metric_store import SeriesKey
    from gateway.observability.request_metrics import FactsTuple
    from gateway.request.record import RequestRecord
    from gateway.routing.routes import Routes
    from gateway.state import Reloads

# Backends may send any error code; codes beyond this many share the label `other`.
_CODES_LIMIT = 64
_OTHER_CODE = "other"
_BREAKER_STATES = ("closed", "half-open", "open")
_ATTEMPTS = "gateway_attempts"
_IN_FLIGHT = "gateway_requests_in_flight"
PUBLISH_S = 0.5


class Metrics(Collector):
    """Counts requests; its page shows them, the process and its garbage collector.

    Args:
        store: of all series; one for this process alone if left out.

    Attributes:
        is_shared: whether other workers read the store too.
        extra: further metrics by name, read at each scrape: the help, the names of the labels, and a function that
            returns a value for each tuple of label values. A name that ends in `_total` is a counter.
    """

    def __init__(self, store: MetricStore | None = None) -> None:
        self._store = store = store or MetricStore()
        self.is_shared = isinstance(store, SharedMetricStore)
        self._in_flight = store.series(_IN_FLIGHT, (), gauge=True)
        self._in_flight[0] = 0.0
        self._last_published: dict[SeriesKey, float] = {}
        self.extra: dict[str, tuple[str, Sequence[str], Callable[[], Mapping[tuple[str, ...], float]]]] = {}
        self._codes: set[str] = set()
        self._recorders: dict[FactsTuple, list[Callable[[RequestRecord], None]]] = {}
        self._attempts: dict[tuple[str, str], Callable[[object], None]] = {}
        self._process = (ProcessCollector(registry=None), GCCollector(registry=CollectorRegistry()))
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def add(self, record: RequestRecord) -> None:
        """Count a finished request to the API; ignore any other."""
        if not record.is_api_request:
            return
        facts = facts_of(record)
        code = facts[-1]
        if code is not None and code not in self._codes:
            facts = (*facts[:-1], self._known_code(code))
        for measure in self._recorders.get(facts) or self._new_recorders(facts):
            measure(record)
        for attempt in record.attempts:
            labels = (attempt.backend, attempt.outcome)
            (self._attempts.get(labels) or self._new_attempt_counter(labels))(attempt)

    def _known_code(self, code: str) -> str:
        """Register a new code and return it; return `other` once there are too many."""
        if len(self._codes) >= _CODES_LIMIT:
            return _OTHER_CODE
        self._codes.add(code)
        return code

    def _new_recorders(self, facts: FactsTuple) -> list[Callable[[RequestRecord], None]]:
        """Make the recorders for requests with these facts."""
        recorders = self._recorders[facts] = [
            request_recorder(self._store, metric, labels)
            for metric in METRICS
            if (labels := label_values(metric.labels, Facts(*facts))) is not None
        ]
        return recorders

    def _new_attempt_counter(self, labels: tuple[str, str]) -> Callable[[object], None]:
        count = self._attempts[labels] = event_counter(self._store, _ATTEMPTS, labels)
        return count

    def begin(self) -> None:
        """Count an API request as in flight."""
        self._in_flight[0] += 1

    def end(self) -> None:
        """Count an API request as answered."""
        self._in_flight[0] -= 1

    def watch_routes(self, routes: Routes) -> None:
        """Show the state of each backend's breaker, and the cooldowns that are not over."""
        self.extra["gateway_breaker_state"] = (
            "Whether a backend is left alone: 0 closed, 1 half-open, 2 open.",
            (BACKEND.name,),
            lambda: {(name,): _BREAKER_STATES.index(state.breaker.state) for name, state in routes.states.items()},
        )
        self.extra["gateway_cooldown_seconds"] = (
            "Seconds for which a backend still wants no requests for its model, by its Retry-After.",
            (BACKEND.name, "gateway_backend_model"),
            lambda: {key: wait_s for key, cooldown in routes.cooldowns.items() if (wait_s := cooldown.wait_s())},
        )

    def watch_reloads(self, reloads: Reloads) -> None:
        """Show how reloads of the configuration went."""
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
        """Do nothing: no record waits here."""

    def page(self) -> bytes:
        """The whole page, as Prometheus reads it."""
        return generate_latest(self._registry)

    def publish(self) -> None:
        """Copy the values of `extra` into the store, where other workers read them."""
        read = {(name, labels): value for name, (_, _, get) in self.extra.items() for labels, value in get().items()}
        for (name, labels), value in read.items():
            if name.endswith("_total"):
                # By the difference: the series may hold what the previous worker with this index counted.
                self._store.series(name, labels)[0] += value - self._last_published.get((name, labels), 0.0)
            else:
                self._store.series(name, labels, gauge=True)[0] = value
        for name, labels in self._last_published.keys() - read.keys():
            if not name.endswith("_total"):
                self._store.series(name, labels, gauge=True)[0] = nan
        self._last_published = read

    async def publish_regularly(self) -> None:
        """Publish every `PUBLISH_S` seconds until cancelled."""
        while True:
            await asyncio.sleep(PUBLISH_S)
            self.publish()

    def collect(self) -> Iterator[Metric]:
        """All metric families, for the registry."""
        self.publish()
        series = self._store.read()
        for metric in FAMILIES:
            if metric.bounds:
                yield histogram(series, metric)
            else:
                yield counter(series, metric.name, metric.help, [label.name for label in metric.labels])
        yield counter(series, _ATTEMPTS, "Attempts at backends.", (BACKEND.name, "outcome"))
        yield gauge(series, _IN_FLIGHT, "API requests being answered.", (), sum)
        for name, (help_text, labels, _) in self.extra.items():
            if name.endswith("_total"):
                yield counter(series, name, help_text, labels)
            else:
                yield gauge(series, name, help_text, labels, max)
        yield from self._processes()

    def _processes(self) -> Iterator[Metric]:
        """Memory, CPU time and open files of each worker; of a single one also its garbage collections."""
        if not self.is_shared:
            for collector in self._process:
                yield from collector.collect()
            return
        families: dict[str, Metric] = {}
        for index, pid in enumerate(self._store.pids()):
            for family in ProcessCollector(pid=partial(int, pid), registry=None).collect() if pid else ():
                for sample in family.samples:
                    sample.labels["gateway_worker"] = str(index)
                merged = families.setdefault(family.name, family)
                if merged is not family:
                    merged.samples += family.samples
        yield from families.values()
