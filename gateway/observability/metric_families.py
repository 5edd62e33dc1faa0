"""The families of `/metrics`: histograms and sums whose store are added up over all workers, and gauges."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.observability.metric_store import MetricStore, SeriesByName, Values
    from gateway.observability.request_metrics import Metric, Reader
    from gateway.request.record import RequestRecord


def recorder(store: MetricStore, metric: Metric, labels: tuple[str, ...]) -> Callable[[RequestRecord], None]:
    """What measures a request by one metric, where its labels have these values.

    A series begins with its first value, so a page has none that never had one.
    """
    if metric.read is None:
        return counter_of(store, metric.name, labels)
    return (_observing if metric.bounds else _summing)(store, metric, metric.read, labels)


def counter_of(store: MetricStore, name: str, labels: tuple[str, ...]) -> Callable[[object], None]:
    """What counts one more of something."""
    values: Values | None = None

    def count(_: object) -> None:
        nonlocal values
        if values is None:
            values = store.series(name, labels)
        values[0] += 1

    return count


def _observing(
    store: MetricStore, metric: Metric, read: Reader, labels: tuple[str, ...]
) -> Callable[[RequestRecord], None]:
    """Counts by bucket, and the sum."""
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


def _summing(
    store: MetricStore, metric: Metric, read: Reader, labels: tuple[str, ...]
) -> Callable[[RequestRecord], None]:
    values: Values | None = None

    def add_up(record: RequestRecord) -> None:
        nonlocal values
        value = read(record)
        if value is not None:
            if values is None:
                values = store.series(metric.name, labels)
            values[0] += value

    return add_up


def histogram(found: SeriesByName, metric: Metric) -> HistogramMetricFamily:
    """The counts and sums of a histogram over all workers."""
    family = HistogramMetricFamily(metric.name, metric.help, labels=[label.name for label in metric.labels])
    bounds = [*map(str, metric.bounds), "+Inf"]
    for labels, each in found.get(metric.name, {}).items():
        *counts, total = map(sum, zip(*each, strict=True))
        seen = 0.0
        buckets = []
        for bound, count in zip(bounds, counts, strict=True):
            seen += count
            buckets.append((bound, seen))
        family.add_metric(labels, buckets, total)
    return family


def counter(found: SeriesByName, name: str, told: str, labels: Sequence[str]) -> CounterMetricFamily:
    """The sums of a counter over all workers."""
    family = CounterMetricFamily(name.removesuffix("_total"), told, labels=labels)
    for values, each in found.get(name, {}).items():
        family.add_metric(values, sum(value for (value,) in each))
    return family


def gauge(
    found: SeriesByName, name: str, told: str, labels: Sequence[str], join: Callable[[Iterable[float]], float]
) -> GaugeMetricFamily:
    """A gauge, the values of all workers joined to one."""
    family = GaugeMetricFamily(name, told, labels=labels)
    for values, each in found.get(name, {}).items():
        family.add_metric(values, join(value for (value,) in each))
    return family
