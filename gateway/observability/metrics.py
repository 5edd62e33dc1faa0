"""`/metrics`: what all requests took and cost, in Prometheus' text format.

Names follow OpenTelemetry's semantic conventions for generative AI where they have one (gen_ai.server.request.duration,
gen_ai.server.time_to_first_token, gen_ai.client.token.usage, with their advised buckets), as the OpenTelemetry exporter
for Prometheus would write them. Labels take few values only: operations, configured models and backends, classes of
status, codes of errors; never a key, a request id or a path.

The numbers are kept in plain lists, or in memory that all workers read (`gateway.observability.metric_store`), for a
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

from gateway.observability.metric_families import Counter, Histogram, counter, gauge
from gateway.observability.metric_store import Numbers, SharedNumbers
from gateway.operations import EMBEDDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from gateway.observability.metric_store import Key
    from gateway.request.record import RequestRecord
    from gateway.routing.breaker import Breaker
    from gateway.state import Reloads

_BAD = 400
DURATION_BOUNDS_S = tuple(0.01 * 2**power for power in range(14))
FIRST_TOKEN_BOUNDS_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
TOKEN_BOUNDS = tuple(float(4**power) for power in range(14))
GATEWAY_BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
# Backends may send codes of their own; more than this many are counted together.
_CODES = 64
_OTHER = "other"
_BREAKER_STATES = ("closed", "half-open", "open")
_OPERATION, _MODEL, _BACKEND = "gen_ai_operation_name", "gen_ai_request_model", "gateway_backend"
_CLASS = "status_class"
_IN_FLIGHT = "gateway_requests_in_flight"
PUBLISH_S = 0.5


class Metrics(Collector):
    """Counts requests; its page tells of them, of the process and of its garbage collector.

    Args:
        numbers: where they are kept.

    Attributes:
        is_shared: other workers read them too.
        extra: further numbers by the metric's name, read when a page is asked for: its help, the names of its labels,
            and a function that gives a value for each tuple of their values. A name that ends in `_total` is a counter.
    """

    def __init__(self, numbers: Numbers | None = None) -> None:
        self._numbers = numbers = numbers or Numbers()
        self.is_shared = isinstance(numbers, SharedNumbers)
        self._in_flight = numbers.series(_IN_FLIGHT, (), gauge=True)
        self._in_flight[0] = 0.0
        self._published: dict[Key, float] = {}
        self.extra: dict[str, tuple[str, Sequence[str], Callable[[], Mapping[tuple[str, ...], float]]]] = {}
        self._duration = Histogram(
            numbers,
            "gen_ai_server_request_duration_seconds",
            "From a request's arrival to its last byte.",
            (_OPERATION, _MODEL, _BACKEND, _CLASS),
            DURATION_BOUNDS_S,
        )
        self._first_token = Histogram(
            numbers,
            "gen_ai_server_time_to_first_token_seconds",
            "From a request's arrival to the first event of its stream.",
            (_OPERATION, _MODEL, _BACKEND),
            FIRST_TOKEN_BOUNDS_S,
        )
        self._tokens = Histogram(
            numbers,
            "gen_ai_client_token_usage",
            "Tokens of a request; gateway_token_source says who counted them: the backend, the model's tokenizer "
            "afterwards, or nobody (estimate).",
            (_OPERATION, _MODEL, _BACKEND, "gen_ai_token_type", "gateway_token_source"),
            TOKEN_BOUNDS,
        )
        self._gateway = Histogram(
            numbers,
            "gateway_time_seconds",
            "The gateway's own time for a request, its event loop's queue included, backends left out.",
            (_MODEL,),
            GATEWAY_BOUNDS_S,
        )
        self._requests = Counter(numbers, "gateway_requests", "API requests by class of status.", (_CLASS,))
        self._errors = Counter(numbers, "gateway_errors", "Refusals and failures by the error's code.", ("code",))
        self._attempts = Counter(numbers, "gateway_attempts", "Attempts at backends.", (_BACKEND, "outcome"))
        self._cost = Counter(numbers, "gateway_cost_usd", "Price of all tokens in US dollars.", (_MODEL,))
        self._process = (ProcessCollector(registry=None), GCCollector(registry=CollectorRegistry()))
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def add(self, record: RequestRecord) -> None:
        """Count a finished request; those outside the API are not counted."""
        if not record.to_api:
            return
        status = f"{record.status // 100}xx"
        self._requests.add((status,))
        if record.code or record.status >= _BAD:
            code = (record.code or "none",)
            known = self._errors.known
            self._errors.add(code if code in known or len(known) < _CODES else (_OTHER,))
        for attempt in record.attempts:
            self._attempts.add((attempt.backend, attempt.outcome))
        if record.model is None:
            return
        where = (record.operation.name, record.model, record.backend or "none")
        self._duration.observe((*where, status), record.duration_s)
        self._gateway.observe((record.model,), record.gateway_us / 1e6)
        if record.first_event_s is not None:
            self._first_token.observe(where, record.first_event_s)
        if usage := record.usage:
            self._tokens.observe((*where, "input", usage.source), usage.prompt_tokens)
            if record.operation is not EMBEDDINGS:
                self._tokens.observe((*where, "output", usage.source), usage.completion_tokens)
        if record.cost_usd:
            self._cost.add((record.model,), record.cost_usd)

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
            (_BACKEND,),
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
                self._numbers.series(name, labels)[0] += value - self._published.get((name, labels), 0.0)
            else:
                self._numbers.series(name, labels, gauge=True)[0] = value
        for name, labels in self._published.keys() - read.keys():
            if not name.endswith("_total"):
                self._numbers.series(name, labels, gauge=True)[0] = nan
        self._published = read

    async def keep_published(self) -> None:
        """Let other workers know it until cancelled."""
        while True:
            await asyncio.sleep(PUBLISH_S)
            self.publish()

    def collect(self) -> Iterator[Metric]:
        """All families, for the registry."""
        self.publish()
        found = self._numbers.read()
        for histogram in (self._duration, self._first_token, self._tokens, self._gateway):
            yield histogram.family(found)
        for sums in (self._requests, self._errors, self._attempts, self._cost):
            yield sums.family(found)
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
        for index, pid in enumerate(self._numbers.pids()):
            for family in ProcessCollector(pid=partial(int, pid), registry=None).collect() if pid else ():
                kept = families.setdefault(family.name, family)
                for sample in family.samples:
                    sample.labels["gateway_worker"] = str(index)
                if kept is not family:
                    kept.samples += family.samples
        yield from families.values()
