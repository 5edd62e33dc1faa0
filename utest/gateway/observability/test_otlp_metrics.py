"""Histograms for OTLP, beside those of OpenTelemetry's own instruments for the same requests."""

import threading

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from gateway.observability.otlp_metrics import OtlpMetrics
from gateway.observability.request_metrics import FAMILIES, METRICS, Facts, facts_of, label_values
from gateway.request.record import RequestRecord
from gateway.request.usage import Usage

RESOURCE = Resource.create({"service.name": "metrics"})
PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"


class Exporter:
    """Keeps what it is given, after the first failures."""

    def __init__(self, failures=0):
        self.sent, self.failures, self.is_shut, self.arrived = [], failures, False, threading.Event()

    def export(self, metrics):
        if self.failures:
            self.failures -= 1
            raise ConnectionError("down")
        self.sent.append(metrics)
        self.arrived.set()

    def shutdown(self, _):
        self.is_shut = True


def requests():
    for at in range(60):
        made = RequestRecord(f"{at}", "POST", "/v1/chat/completions", started=0.0)
        made.model, made.backend = ("one", "two", None)[at % 3], ("up", None)[at % 2]
        made.status = (200, 503)[at % 5 == 0]
        made.code = f"code-{at}" if made.status == 503 else None
        made.usage = None if made.code else Usage(4**at % 5000, at, ("backend", "estimate")[at % 2])
        made.ended, made.gateway_us = 0.01 * 1.2**at, 90 * at
        made.first_event_s = 0.02 * at if at % 4 else None
        yield made


def sdk_metrics(temporality, records):
    """What OpenTelemetry's instruments make of the requests."""
    reader = InMemoryMetricReader({Histogram: temporality})
    provider = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)
    meter = provider.get_meter("gateway")
    histograms = {
        metric.otlp.name: meter.create_histogram(
            metric.otlp.name, metric.otlp.unit, explicit_bucket_boundaries_advisory=metric.bounds
        )
        for metric in FAMILIES
        if metric.otlp
    }
    for record in records:
        facts = Facts(*facts_of(record))
        for metric in METRICS:
            if metric.otlp is None:
                continue
            labels = metric.otlp.labels or metric.labels
            values, value = label_values(labels, facts), metric.read(record)
            if values is not None and value is not None:
                names = [label.otlp_name for label in labels]
                histograms[metric.otlp.name].record(value, dict(zip(names, values, strict=True)))
    return reader.get_metrics_data()


def points(metrics):
    """The encoded metrics in an order of their own, without times."""
    encoded = encode_metrics(metrics)
    for metric in encoded.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.histogram.data_points:
            assert 0 < point.start_time_unix_nano <= point.time_unix_nano
            point.start_time_unix_nano = point.time_unix_nano = 0
            point.sum = round(point.sum, 9)
            attributes = sorted(point.attributes, key=lambda pair: pair.key)
            del point.attributes[:]
            point.attributes.extend(attributes)
        ordered = sorted(metric.histogram.data_points, key=str)
        del metric.histogram.data_points[:]
        metric.histogram.data_points.extend(ordered)
    scope = encoded.resource_metrics[0].scope_metrics[0]
    ordered = sorted(scope.metrics, key=lambda metric: metric.name)
    del scope.metrics[:]
    scope.metrics.extend(ordered)
    return str(encoded)


@pytest.mark.parametrize(
    ("preference", "temporality"),
    [("", AggregationTemporality.CUMULATIVE), ("delta", AggregationTemporality.DELTA)],
)
def test_values_are_those_of_opentelemetrys_instruments(monkeypatch, preference, temporality):
    monkeypatch.setenv(PREFERENCE, preference)
    metrics = OtlpMetrics(Exporter(), RESOURCE, 3600)
    metrics.add(requests())
    assert points(metrics.collect()) == points(sdk_metrics(temporality, requests()))
    metrics.close(1)


def test_one_request_without_a_stream_has_the_points_that_the_sdk_sends():
    record = next(record for record in requests() if record.first_event_s is None)
    metrics = OtlpMetrics(Exporter(), RESOURCE, 3600)
    metrics.add([record])
    assert points(metrics.collect()) == points(sdk_metrics(AggregationTemporality.CUMULATIVE, [record]))
    metrics.close(1)


def test_with_opentelemetry_switched_off_there_is_nothing_to_send(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", " True ")
    exporter = Exporter()
    metrics = OtlpMetrics(exporter, RESOURCE, 3600)
    metrics.add(requests())
    metrics.close(5)
    assert (exporter.sent, exporter.is_shut) == ([], True)


def test_cumulative_values_go_on_and_differences_begin_anew(monkeypatch):
    counts = {}
    for preference in ("cumulative", "lowmemory"):
        monkeypatch.setenv(PREFERENCE, preference)
        metrics = OtlpMetrics(Exporter(), RESOURCE, 3600)
        assert metrics.collect() is None
        for round_number in (1, 2):
            metrics.add(requests())
            sent = metrics.collect()
            counts[preference, round_number] = sum(
                point.count
                for metric in sent.resource_metrics[0].scope_metrics[0].metrics
                for point in metric.data.data_points
            )
        if preference == "lowmemory":
            assert metrics.collect() is None
        metrics.close(1)
    once = counts["cumulative", 1]
    assert counts == {
        ("cumulative", 1): once,
        ("cumulative", 2): 2 * once,
        ("lowmemory", 1): once,
        ("lowmemory", 2): once,
    }


def test_codes_of_backends_make_no_series():
    metrics = OtlpMetrics(Exporter(), RESOURCE, 3600)
    metrics.add(requests())
    known = len(metrics._recorders)
    failed = [record for record in requests() if record.code]
    for at, record in enumerate(failed):
        record.code = f"another-{at}"
    metrics.add(failed)
    assert len(metrics._recorders) == known
    metrics.close(1)


def test_values_are_sent_at_the_interval_and_at_the_end_also_after_a_failure():
    exporter = Exporter(failures=2)
    metrics = OtlpMetrics(exporter, RESOURCE, 0.02)
    metrics.add(requests())
    assert exporter.arrived.wait(5)
    metrics.close(5)
    sent = len(exporter.sent)
    assert sent >= 2
    assert exporter.is_shut
    assert not metrics._thread.is_alive()
