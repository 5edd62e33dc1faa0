"""Histograms of finished requests for OTLP, sent at an interval.

`gateway.observability.request_metrics` declares them. Values are added up here: an instrument of OpenTelemetry's SDK
takes ten times the CPU for each value, because it copies and sorts the attributes.

So of OpenTelemetry's variables for metrics, those hold that the exporter and the resource read, such as
OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES, and OTEL_SDK_DISABLED and
OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION has no
effect: the bounds are fixed.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from bisect import bisect_left
from typing import TYPE_CHECKING

from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE,
    OTEL_SDK_DISABLED,
)
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.export import Metric as SentMetric
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from gateway.logs.events import log_event
from gateway.observability.request_metrics import METRICS, Facts, facts_of, label_values
from gateway.observability.spans import SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.resources import Resource

    from gateway.observability.request_metrics import Metric, Otlp, Reader
    from gateway.request.record import RequestRecord

    Labels = tuple[str, ...]
    Recorders = list[tuple[Reader, "_Series"]]

# The values with which histograms are sent as differences (opentelemetry.io, "OTLP Metrics Exporter").
_DELTA = frozenset({"DELTA", "LOWMEMORY"})


class OtlpMetrics:
    """Adds up the metrics of requests, and sends them in a thread.

    Args:
        exporter: sends them.
        resource: that they belong to.
        interval_s: from one sending to the next.
    """

    def __init__(self, exporter: MetricExporter, resource: Resource, interval_s: float) -> None:
        self._exporter = exporter
        self._resource = resource
        self._interval_s = interval_s
        preference = os.environ.get(OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, "").strip().upper()
        self._is_delta = preference in _DELTA
        self._is_disabled = os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"
        self._lock = threading.Lock()
        self._series: dict[tuple[Otlp, Labels], _Series] = {}
        self._recorders: dict[tuple[object, ...], Recorders] = {}
        self._since_ns = time.time_ns()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otel-metrics", daemon=True)
        self._thread.start()

    def add(self, records: Iterable[RequestRecord]) -> None:
        """Count finished requests."""
        if self._is_disabled:
            return
        with self._lock:
            for record in records:
                # No metric here is labelled with the error's code, and backends may send any.
                facts = facts_of(record)[:-1]
                for read, series in self._recorders.get(facts) or self._new_recorders(Facts(*facts, code=None)):
                    if (value := read(record)) is not None:
                        series.add(value)

    def close(self, within_s: float) -> None:
        """Send what was added up, and end within the time."""
        self._closing.set()
        self._thread.join(within_s)
        self._exporter.shutdown(within_s * 1000)

    def collect(self) -> MetricsData | None:
        """The present values; None if there are none."""
        with self._lock:
            now_ns = time.time_ns()
            points: dict[Otlp, list[HistogramDataPoint]] = {}
            for (otlp, _), series in self._series.items():
                if point := series.point(self._since_ns if self._is_delta else 0, now_ns):
                    points.setdefault(otlp, []).append(point)
            if self._is_delta:
                self._since_ns = now_ns
                self._series = {}
                self._recorders = {}
        if not points:
            return None
        temporality = AggregationTemporality.DELTA if self._is_delta else AggregationTemporality.CUMULATIVE
        metrics = [
            SentMetric(otlp.name, None, otlp.unit, Histogram(data_points, temporality))
            for otlp, data_points in points.items()
        ]
        scope = ScopeMetrics(InstrumentationScope(SCOPE), metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scope], self._resource.schema_url)])

    def _new_recorders(self, facts: Facts) -> Recorders:
        """What to do with requests of these facts."""
        recorders = self._recorders[facts[:-1]] = [
            (metric.read, series)
            for metric in METRICS
            if metric.read is not None and (series := self._series_of(metric, facts)) is not None
        ]
        return recorders

    def _series_of(self, metric: Metric, facts: Facts) -> _Series | None:
        if metric.otlp is None:
            return None
        labels = metric.otlp.labels or metric.labels
        values = label_values(labels, facts)
        if values is None:
            return None
        names = tuple(label.otlp_name for label in labels)
        return self._series.setdefault((metric.otlp, (*names, *values)), _Series(names, values, metric.bounds))

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._closing.wait(self._interval_s)
            try:
                if metrics := self.collect():
                    self._exporter.export(metrics)
            except Exception as error:  # noqa: BLE001  # a receiver's fault must not end the thread
                log_event("otel_metrics_failed", level=logging.ERROR, reason=repr(error))


class _Series:
    """A histogram with one set of attributes."""

    def __init__(self, names: Labels, values: Labels, bounds: Sequence[float]) -> None:
        self._attributes = dict(zip(names, values, strict=True))
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._min, self._max = math.inf, -math.inf
        self._since_ns = time.time_ns()

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value
        self._min = min(self._min, value)
        self._max = max(self._max, value)

    def point(self, since_ns: int, now_ns: int) -> HistogramDataPoint | None:
        """The values so far, None without any; `since_ns` is Unix time, 0 for the series' own beginning."""
        counts = tuple(self._counts)
        if not any(counts):
            return None
        return HistogramDataPoint(
            attributes=self._attributes,
            start_time_unix_nano=since_ns or self._since_ns,
            time_unix_nano=now_ns,
            count=sum(counts),
            sum=self._sum,
            bucket_counts=counts,
            explicit_bounds=self._bounds,
            min=self._min,
            max=self._max,
        )
