"""The metric families of `/metrics`, joined over all workers, and the recorders that fill their series."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.observability.metric_store import MetricStore, SeriesByName, Values
    from gateway.observability.request_metrics import Metric, Reader
    from gateway.request.record import RequestRecord


def request_recorder(store: MetricStore, metric: Metric, labels: tuple[str, ...]) -> Callable[[RequestRecord], None]:
    """Make the function that records a request in the metric's series with these label values.

    A series begins with its first value, so the page shows no empty ones.
    """
    if metric.read is None:
        return event_counter(store, metric.name, labels)
    return (_histogram_recorder if metric.bounds else _sum_recorder)(store, metric, metric.read, labels)


def event_counter(store: MetricStore, name: str, labels: tuple[str, ...]) -> Callable[[object], None]:
    """Make the function that adds 1 to a series at each call."""
    values: Values | None = None

    def count(_: object) -> None:
        nonlocal values
        if values is None:
            values = store.series(name, labels)
        values[0] += 1

    return count


def _histogram_recorder(
    store: MetricStore, metric: Metric, read: Reader, labels: tuple[str, ...]
) -> Callable[[RequestRecord], None]:
    """Fill a series with one count per bucket, then the sum."""
    values: Values | None = None
    bounds = metric.bounds

    def observe(record: RequestRecord) -> None:
        nonlocal values
        value = read(record)
        if value is not None:
            if values is None:
                values = store.series(metric.name, labels, len(bounds) + 2)
            values[bisect_left(bounds, value)] += 1
            values[-1] += value

    return observe


def _sum_recorder(
    store: MetricStore, metric: Metric, read: Reader, labels: tuple[str, ...]
) -> Callable[[RequestRecord], None]:
    values: Values | None = None

    def add(record: RequestRecord) -> None:
        nonlocal values
        value = read(record)
        if value is not None:
            if values is None:
                values = store.series(metric.name, labels)
            values[0] += value

    return add


def histogram(series: SeriesByName, metric: Metric) -> HistogramMetricFamily:
    """A histogram, its counts and sums added up over all workers."""
    family = HistogramMetricFamily(metric.name, metric.help, labels=[label.name for label in metric.labels])
    bounds = [*map(str, metric.bounds), "+Inf"]
    for labels, by_worker in series.get(metric.name, {}).items():
        *counts, total = map(sum, zip(*by_worker, strict=True))
        cumulative = 0.0
        buckets = []
        for bound, count in zip(bounds, counts, strict=True):
            cumulative += count
            buckets.append((bound, cumulative))
        family.add_metric(labels, buckets, total)
    return family


def counter(series: SeriesByName, name: str, help_text: str, label_names: Sequence[str]) -> CounterMetricFamily:
    """A counter, added up over all workers."""
    family = CounterMetricFamily(name.removesuffix("_total"), help_text, labels=label_names)
    for labels, by_worker in series.get(name, {}).items():
        family.add_metric(labels, sum(value for (value,) in by_worker))
    return family


def gauge(
    series: SeriesByName,
    name: str,
    help_text: str,
    label_names: Sequence[str],
    join: Callable[[Iterable[float]], float],
) -> GaugeMetricFamily:
    """A gauge, the values of all workers joined to one by `join`."""
    family = GaugeMetricFamily(name, help_text, labels=label_names)
    for labels, by_worker in series.get(name, {}).items():
        family.add_metric(labels, join(value for (value,) in by_worker))
    return family
