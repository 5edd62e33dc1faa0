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


def test_metrics_are_added_up_until_the_time_is_over(monkeypatch):
    monkeypatch.setattr(metrics, "_samples", lambda: [("a", {}, 2.0), ("b", {"x": "1"}, 3.0), ("b", {"x": "2"}, 4.0)])
    MetricsLibrary().metrics_should_add_up_to(9, "a", "b")
    with pytest.raises(AssertionError, match=r"a \+ b is 9 instead of 10 after 0.01 s"):
        MetricsLibrary().metrics_should_add_up_to(10, "a", "b", within=SHORT)


def test_metrics_are_added_up_beyond_what_they_were(monkeypatch):
    monkeypatch.setattr(metrics, "_samples", lambda: [("a", {}, 5.0)])
    MetricsLibrary().metrics_should_add_up_to(3, "a", since=2)
    with pytest.raises(AssertionError, match=r"a is 3 more than 2 instead of 4 after 0.01 s"):
        MetricsLibrary().metrics_should_add_up_to(4, "a", since=2, within=SHORT)


def test_a_metric_and_its_growth_are_judged(monkeypatch):
    monkeypatch.setattr(metrics, "_samples", lambda: [("a", {"x": "1"}, 2.0), ("a", {"x": "2"}, 3.0)])
    library = MetricsLibrary()
    assert library.get_metric("a", EQUAL, 5) == 5
    assert library.get_metric("a", EQUAL, 3, labels={"x": "2"}) == 3
    assert library.get_metric_growth("a", 4, EQUAL, 1) == 1
    with pytest.raises(AssertionError, match=r"a{'x': '1'} '2\.0' .* should be '7'"):
        library.get_metric("a", EQUAL, 7, labels={"x": "1"})
    with pytest.raises(AssertionError, match=r"The growth of a from 4 to 5 '1\.0' .* should be '2'"):
        library.get_metric_growth("a", 4, EQUAL, 2)


def test_a_metric_that_does_not_arrive_is_named_beside_those_that_did():
    receiver = SimpleNamespace(metrics={"gateway.time"})
    TracingLibrary().metrics_should_arrive(receiver, "gateway.time")
    with pytest.raises(AssertionError, match=r"gen_ai.x did not come within .*; these did: gateway.time"):
        TracingLibrary().metrics_should_arrive(receiver, "gateway.time", "gen_ai.x", within=SHORT)
