"""Metrics that are waited for: what did not come is said."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator

from keywords.gateway import metrics
from keywords.gateway.metrics import MetricsLibrary
from keywords.gateway.tracing import TracingLibrary

EQUAL = AssertionOperator["=="]
SHORT = timedelta(seconds=0.01)


def show(monkeypatch, page, status=200):
    exchange = SimpleNamespace(status=status, body=page.encode())
    monkeypatch.setattr(metrics.target, "client", lambda: SimpleNamespace(send=lambda *_, **__: exchange))


def test_metrics_are_added_up_until_the_time_is_over(monkeypatch):
    show(monkeypatch, '# TYPE a gauge\na 2\n# TYPE b gauge\nb{x="1"} 3\nb{x="2"} 4\n')
    MetricsLibrary().metrics_should_add_up_to(9, "a", "b")
    with pytest.raises(AssertionError, match=r"a \+ b is 9 instead of 10 after 0.01 s"):
        MetricsLibrary().metrics_should_add_up_to(10, "a", "b", within=SHORT)


def test_metrics_are_added_up_beyond_what_they_were(monkeypatch):
    show(monkeypatch, "# TYPE a gauge\na 5\n")
    MetricsLibrary().metrics_should_add_up_to(3, "a", since=2)
    with pytest.raises(AssertionError, match=r"a is 3 more than 2 instead of 4 after 0.01 s"):
        MetricsLibrary().metrics_should_add_up_to(4, "a", since=2, within=SHORT)


def test_a_metric_and_its_growth_are_judged(monkeypatch):
    show(monkeypatch, '# TYPE a gauge\na{x="1"} 2\na{x="2"} 3\n')
    library = MetricsLibrary()
    assert library.get_metric("a", EQUAL, 5) == 5
    assert library.get_metric("a", EQUAL, 3, labels={"x": "2"}) == 3
    assert library.get_metric_growth("a", 4, EQUAL, 1) == 1
    with pytest.raises(AssertionError, match=r"a{'x': '1'} should be 7, got 2\.0"):
        library.get_metric("a", EQUAL, 7, labels={"x": "1"})
    with pytest.raises(AssertionError, match=r"The growth of a should be 2, got 1\.0; from 4 to 5"):
        library.get_metric_growth("a", 4, EQUAL, 2)


EMPTY = "# TYPE a_total counter\n# TYPE b histogram\n# TYPE c gauge\n"


def test_a_metric_without_series_is_zero_and_a_name_without_a_metric_fails(monkeypatch):
    show(monkeypatch, EMPTY)
    library = MetricsLibrary()
    library.metrics_should_add_up_to(0, "a_total", "b_count", "b_sum", "b_bucket", "c")
    for name in ("a", "b", "c_total", "d"):
        with pytest.raises(AssertionError, match=f"no metric with samples of the name '{name}'"):
            library.get_metric(name, EQUAL, 0)
        with pytest.raises(AssertionError, match=f"no metric with samples of the name '{name}'"):
            library.get_metric_growth(name, 0, EQUAL, 0)
        with pytest.raises(AssertionError, match=f"no metric with samples of the name '{name}'"):
            library.metrics_should_add_up_to(0, "c", name)


def test_names_and_series_come_from_the_page(monkeypatch):
    show(monkeypatch, '# TYPE gateway_a_total counter\ngateway_a_total{x="1"} 2\n# TYPE python gauge\npython 1\n')
    MetricsLibrary().metric_names_should_include("gateway_a_total", "python")
    with pytest.raises(AssertionError, match="/metrics has no samples of the name gateway_b, gateway_c"):
        MetricsLibrary().metric_names_should_include("gateway_b", "python", "gateway_c")
    assert MetricsLibrary().get_metric_series() == {"gateway_a_total[('x', '1')]"}
    MetricsLibrary().metric_series_should_still_be({"gateway_a_total[('x', '1')]"})
    with pytest.raises(AssertionError, match=r"changed: gateway_a_total\[\('x', '1'\)\] came; gateway_b\[\] went"):
        MetricsLibrary().metric_series_should_still_be({"gateway_b[]"})
    show(monkeypatch, "", status=500)
    with pytest.raises(AssertionError, match="/metrics answered 500"):
        MetricsLibrary().metric_names_should_include("a")


def test_a_metric_that_does_not_arrive_is_named_beside_those_that_did():
    receiver = SimpleNamespace(metrics={"gateway.time"})
    TracingLibrary().metrics_should_arrive(receiver, "gateway.time")
    with pytest.raises(AssertionError, match=r"gen_ai.x did not come within .*; these did: gateway.time"):
        TracingLibrary().metrics_should_arrive(receiver, "gateway.time", "gen_ai.x", within=SHORT)
