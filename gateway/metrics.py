"""`/metrics`: what all requests took and cost, in Prometheus' text format.

Names follow OpenTelemetry's semantic conventions for generative AI where they have one (gen_ai.server.request.duration,
gen_ai.server.time_to_first_token, gen_ai.client.token.usage, with their advised buckets), as the OpenTelemetry exporter
for Prometheus would write them. Labels take few values only: operations, configured models and backends, classes of
status, codes of errors; never a key, a request id or a path.

The numbers are kept in plain lists, for a fraction of the cost of the client library's own histograms, and handed to
its registry when a page is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from gateway.operations import EMBEDDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from gateway.breaker import Breaker
    from gateway.record import RequestRecord
    from gateway.reloading import Reloads

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


class Metrics(Collector):
    """Counts requests; its page tells of them, of the process and of its garbage collector.

    Args:
        worker: label of every series, where several processes answer on one address and a scrape reaches any of them.

    Attributes:
        in_flight: API requests that are being answered now.
        extra: further numbers by the metric's name, read when a page is asked for: its help, the names of its labels,
            and a function that gives a value for each tuple of their values. A name that ends in `_total` is a counter.
    """

    def __init__(self, worker: str | None = None) -> None:
        self.in_flight = 0
        self._worker = worker
        self.extra: dict[str, tuple[str, Sequence[str], Callable[[], Mapping[tuple[str, ...], float]]]] = {}
        self._duration = _Histogram(
            "gen_ai_server_request_duration_seconds",
            "From a request's arrival to its last byte.",
            (_OPERATION, _MODEL, _BACKEND, _CLASS),
            DURATION_BOUNDS_S,
        )
        self._first_token = _Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "From a request's arrival to the first event of its stream.",
            (_OPERATION, _MODEL, _BACKEND),
            FIRST_TOKEN_BOUNDS_S,
        )
        self._tokens = _Histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request; gateway_token_source says who counted them.",
            (_OPERATION, _MODEL, _BACKEND, "gen_ai_token_type", "gateway_token_source"),
            TOKEN_BOUNDS,
        )
        self._gateway = _Histogram(
            "gateway_time_seconds",
            "The gateway's own time for a request, its event loop's queue included, backends left out.",
            (_MODEL,),
            GATEWAY_BOUNDS_S,
        )
        self._requests: Counter[tuple[str, ...]] = Counter()
        self._errors: Counter[tuple[str, ...]] = Counter()
        self._attempts: Counter[tuple[str, ...]] = Counter()
        self._cost: Counter[tuple[str, ...]] = Counter()
        self._process = (ProcessCollector(registry=None), GCCollector(registry=CollectorRegistry()))
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def add(self, record: RequestRecord) -> None:
        """Count a finished request; those outside the API are not counted."""
        if not record.to_api:
            return
        status = f"{record.status // 100}xx"
        self._requests[status,] += 1
        if record.code or record.status >= _BAD:
            code = (record.code or "none",)
            self._errors[code if code in self._errors or len(self._errors) < _CODES else (_OTHER,)] += 1
        for attempt in record.attempts:
            self._attempts[attempt.backend, attempt.outcome] += 1
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
            self._cost[record.model,] += record.cost_usd  # type: ignore[assignment]  # a Counter adds up floats as well

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

    def collect(self) -> Iterator[Metric]:
        """All families, for the registry."""
        for family in chain(self._families(), *(collector.collect() for collector in self._process)):
            if self._worker is not None:
                for sample in family.samples:
                    sample.labels["gateway_worker"] = self._worker
            yield family

    def _families(self) -> Iterator[Metric]:
        for histogram in (self._duration, self._first_token, self._tokens, self._gateway):
            yield histogram.family()
        yield _counter("gateway_requests", "API requests by class of status.", (_CLASS,), self._requests)
        yield _counter("gateway_errors", "Refusals and failures by the error's code.", ("code",), self._errors)
        yield _counter("gateway_attempts", "Attempts at backends.", (_BACKEND, "outcome"), self._attempts)
        yield _counter("gateway_cost_usd", "Price of all tokens in US dollars.", (_MODEL,), self._cost)
        yield GaugeMetricFamily("gateway_requests_in_flight", "API requests being answered.", value=self.in_flight)
        for name, (told, labels, read) in self.extra.items():
            if name.endswith("_total"):
                yield _counter(name.removesuffix("_total"), told, labels, read())
                continue
            family = GaugeMetricFamily(name, told, labels=labels)
            for values, value in read().items():
                family.add_metric(values, value)
            yield family


class _Histogram:
    """Counts by bucket, and the sum, for each tuple of label values."""

    def __init__(self, name: str, told: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._name = name
        self._told = told
        self._labels = labels
        self._bounds = bounds
        self._series: dict[tuple[str, ...], list[float]] = {}

    def observe(self, labels: tuple[str, ...], value: float) -> None:
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = [0.0] * (len(self._bounds) + 2)
        series[bisect_left(self._bounds, value)] += 1
        series[-1] += value

    def family(self) -> HistogramMetricFamily:
        family = HistogramMetricFamily(self._name, self._told, labels=self._labels)
        bounds = [*map(str, self._bounds), "+Inf"]
        for labels, (*counts, total) in self._series.items():
            seen = 0.0
            buckets = []
            for bound, count in zip(bounds, counts, strict=True):
                seen += count
                buckets.append((bound, seen))
            family.add_metric(labels, buckets, total)
        return family


def _counter(name: str, told: str, labels: Sequence[str], counts: Mapping[tuple[str, ...], float]) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family
