"""Metrics that are waited for: what did not come is said."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from keywords import metrics
from keywords.metrics import MetricsLibrary
from keywords.tracing import TracingLibrary

SHORT = timedelta(seconds=0.01)


def test_metrics_are_added_up_until_the_time_is_over(monkeypatch):
    monkeypatch.setattr(metrics, "_samples", lambda: [("a", {}, 2.0), ("b", {"x": "1"}, 3.0), ("b", {"x": "2"}, 4.0)])
    MetricsLibrary().metrics_should_add_up_to(9, "a", "b")
    with pytest.raises(AssertionError, match=r"a \+ b is 9 instead of 10 after 0.01 s"):
        MetricsLibrary().metrics_should_add_up_to(10, "a", "b", within=SHORT)


def test_a_metric_that_does_not_arrive_is_named_beside_those_that_did():
    receiver = SimpleNamespace(metrics={"gateway.time"})
    TracingLibrary().metrics_should_arrive(receiver, "gateway.time")
    with pytest.raises(AssertionError, match=r"gen_ai.x did not come within .*; these did: gateway.time"):
        TracingLibrary().metrics_should_arrive(receiver, "gateway.time", "gen_ai.x", within=SHORT)
