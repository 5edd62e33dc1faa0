"""The families of `/metrics`: histograms and counters whose numbers are added up over all workers, and gauges."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.observability.metric_store import Cells, Found, Numbers


class Histogram:
    """Counts by bucket, and the sum, for each tuple of label values."""

    def __init__(  # all that a family says of itself
        self, numbers: Numbers, name: str, told: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._numbers = numbers
        self._name = name
        self._told = told
        self._labels = labels
        self._bounds = bounds
        self._series: dict[tuple[str, ...], Cells] = {}

    def observe(self, labels: tuple[str, ...], value: float) -> None:
        """Count one value."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = self._numbers.series(self._name, labels, len(self._bounds) + 2)
        series[bisect_left(self._bounds, value)] += 1
        series[-1] += value

    def family(self, found: Found) -> HistogramMetricFamily:
        """All of it, of all workers."""
        family = HistogramMetricFamily(self._name, self._told, labels=self._labels)
        bounds = [*map(str, self._bounds), "+Inf"]
        for labels, each in found.get(self._name, {}).items():
            *counts, total = map(sum, zip(*each, strict=True))
            seen = 0.0
            buckets = []
            for bound, count in zip(bounds, counts, strict=True):
                seen += count
                buckets.append((bound, seen))
            family.add_metric(labels, buckets, total)
        return family


class Counter:
    """A sum for each tuple of label values.

    Attributes:
        known: the tuples that this process has met.
    """

    def __init__(self, numbers: Numbers, name: str, told: str, labels: Sequence[str]) -> None:
        self.known: dict[tuple[str, ...], Cells] = {}
        self._numbers = numbers
        self._name = name
        self._told = told
        self._labels = labels

    def add(self, labels: tuple[str, ...], amount: float = 1.0) -> None:
        """Add to one of the sums."""
        series = self.known.get(labels)
        if series is None:
            series = self.known[labels] = self._numbers.series(self._name, labels)
        series[0] += amount

    def family(self, found: Found) -> CounterMetricFamily:
        """All of it, of all workers."""
        return counter(found, self._name, self._told, self._labels)


def counter(found: Found, name: str, told: str, labels: Sequence[str]) -> CounterMetricFamily:
    """The sums of a counter over all workers."""
    family = CounterMetricFamily(name.removesuffix("_total"), told, labels=labels)
    for values, each in found.get(name, {}).items():
        family.add_metric(values, sum(value for (value,) in each))
    return family


def gauge(
    found: Found, name: str, told: str, labels: Sequence[str], join: Callable[[Iterable[float]], float]
) -> GaugeMetricFamily:
    """A gauge, the values of all workers joined to one."""
    family = GaugeMetricFamily(name, told, labels=labels)
    for values, each in found.get(name, {}).items():
        family.add_metric(values, join(value for (value,) in each))
    return family
