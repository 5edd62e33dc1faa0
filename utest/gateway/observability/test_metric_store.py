"""The metric store that several workers share."""

import multiprocessing
import os

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.observability import metric_store as module
from gateway.observability.metric_store import MetricStore, SharedMetricStore, open_metric_memory
from gateway.observability.metrics import Metrics
from gateway.request.record import RequestRecord


@pytest.fixture
def shared():
    descriptor = open_metric_memory(2)
    yield descriptor
    os.close(descriptor)


def record(status=200, **fields):
    return RequestRecord("1", "POST", "/v1/x", status=status, model="m", **fields)


def read(metrics, name, **labels):
    page = metrics.page().decode()
    values = [
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert len(values) < 2, "one series, whichever worker answers"
    return values[0] if values else None


def in_child(work):
    """Run `work` in a process of its own, which has ended when this returns."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(10)
    assert process.exitcode == 0


def test_either_worker_tells_of_both(shared):
    one, other = Metrics(SharedMetricStore(shared, 0)), Metrics(SharedMetricStore(shared, 1))
    one.add(record(gateway_us=100))
    for _ in range(2):
        other.add(record(gateway_us=1_000_000))
    other.add(record(500))
    for metrics in (one, other):
        assert read(metrics, "gateway_requests_total", status_class="2xx") == 3
        assert read(metrics, "gateway_requests_total", status_class="5xx") == 1
        assert read(metrics, "gateway_time_seconds_count", gen_ai_request_model="m") == 4
        assert read(metrics, "gateway_time_seconds_bucket", le="0.0001") == 2
        assert read(metrics, "gateway_time_seconds_sum") == pytest.approx(2.0001)


def test_gauges_are_those_of_the_living(shared):
    one, other = Metrics(SharedMetricStore(shared, 0)), Metrics(SharedMetricStore(shared, 1))
    one.begin()
    other.begin()
    other.begin()
    assert read(one, "gateway_requests_in_flight") == 3
    other.end()
    assert read(one, "gateway_requests_in_flight") == 2
    one.extra["gateway_breaker_state"] = ("?", ("b",), lambda: {("x",): 0})
    other.extra["gateway_breaker_state"] = ("?", ("b",), lambda: {("x",): 2})
    other.publish()
    assert read(one, "gateway_breaker_state", b="x") == 2, "the greatest"


def test_a_dead_workers_counts_stay_and_its_gauges_go(shared):
    def die():
        metrics = Metrics(SharedMetricStore(shared, 1))
        metrics.add(record())
        metrics.begin()
        metrics.extra["gateway_log_dropped_total"] = ("?", (), lambda: {(): 7})
        metrics.publish()

    one = Metrics(SharedMetricStore(shared, 0))
    one.extra["gateway_log_dropped_total"] = ("?", (), lambda: {(): 1})
    in_child(die)
    assert read(one, "gateway_requests_total", status_class="2xx") == 1
    assert read(one, "gateway_requests_in_flight") == 0
    assert read(one, "gateway_log_dropped_total") == 8


def test_who_takes_its_place_goes_on_from_its_counts(shared):
    dropped = 0

    def metrics_of_two():
        metrics = Metrics(SharedMetricStore(shared, 1))
        metrics.extra["gateway_log_dropped_total"] = ("?", (), lambda: {(): dropped})
        metrics.extra["gateway_breaker_state"] = ("?", ("b",), lambda: {("x",): 2})
        return metrics

    def die():
        nonlocal dropped
        metrics = metrics_of_two()
        metrics.add(record())
        metrics.begin()
        dropped = 5
        metrics.publish()

    in_child(die)
    after = metrics_of_two()
    dropped = 2
    after.add(record())
    assert read(after, "gateway_requests_total", status_class="2xx") == 2
    assert read(after, "gateway_log_dropped_total") == 7
    assert read(after, "gateway_requests_in_flight") == 0


def test_a_gauge_that_is_gone_is_not_told(shared):
    metrics = Metrics(SharedMetricStore(shared, 0))
    states = {("x",): 1, ("y",): 0}
    metrics.extra["gateway_breaker_state"] = ("?", ("b",), lambda: states)
    metrics.publish()
    del states["x",]
    assert read(metrics, "gateway_breaker_state", b="x") is None
    assert read(metrics, "gateway_breaker_state", b="y") == 0


def test_the_memory_and_time_of_each_process_is_told(shared):
    metrics = Metrics(SharedMetricStore(shared, 0))
    SharedMetricStore(shared, 1)
    for worker in "01":
        assert read(metrics, "process_resident_memory_bytes", gateway_worker=worker) > 1e6


def test_too_many_series_are_counted_and_not_told(shared, caplog, monkeypatch):
    store = SharedMetricStore(shared, 0)
    for number in range(3000):
        store.series("many", (f"label-{number}",), 30)[0] += 1
    count = len(store.read()["many"])
    assert 1000 < count < 3000
    assert [entry.fields["event"] for entry in caplog.records] == ["metrics_full"]
    monkeypatch.setattr(module, "log_event", None)
    store.series("many", ("another",), 30)[0] += 1


def test_alone_it_is_all_in_this_process():
    store = MetricStore()
    store.series("a", ("x",))[0] += 2
    assert store.read() == {"a": {("x",): [[2.0]]}}
    assert store.pids() == [os.getpid()]
