"""Signals are read under the names of each server, and each series once."""

import pytest

from keywords.engine.load.server_metrics.signals import read_signals

VLLM = b"""# HELP vllm:num_requests_running Requests in model execution.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_waiting{engine="0",model_name="m"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:gpu_cache_usage_perc{engine="0",model_name="m"} 0.25
# TYPE vllm:prefix_cache_hits counter
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 96.0
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 128.0
vllm:prefix_cache_hits_created{engine="0",model_name="m"} 1.7e+09
"""
OLD_VLLM = b'vllm:gpu_cache_usage_perc{model_name="m"} 0.5\n'
LLAMA = b"""# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
llamacpp:requests_deferred 4
llamacpp:tokens_predicted_total 390
"""
GATEWAY = b"""# TYPE gateway_requests_in_flight gauge
gateway_requests_in_flight{gateway_worker="0"} 2.0
# TYPE gateway_breaker_state gauge
gateway_breaker_state{gateway_backend="first"} 2.0
gateway_breaker_state{gateway_backend="second"} 0.0
gateway_attempts_total{gateway_backend="first",outcome="error"} 7.0
"""


def signals(page):
    return [(value.signal, value.value) for value in read_signals(page, 1.0)]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            VLLM,
            [
                ("in_flight", 3.0),
                ("waiting", 2.0),
                ("kv_cache_use", 0.25),
                ("prefix_hits", 96.0),
                ("prefix_queries", 128.0),
            ],
        ),
        (OLD_VLLM, [("kv_cache_use", 0.5)]),
        (LLAMA, [("in_flight", 1.0), ("waiting", 4.0)]),
        (GATEWAY, [("in_flight", 2.0), ("breaker_state", 2.0), ("breaker_state", 0.0), ("attempts", 7.0)]),
        (b"", []),
        (
            b"vllm:num_requests_running NaN\nvllm:kv_cache_usage_perc +Inf\nvllm:num_requests_waiting 1\n",
            [("waiting", 1)],
        ),
    ],
    ids=["vllm", "old vllm", "llama.cpp", "gateway", "empty", "no numbers"],
)
def test_each_server_s_names_are_known(page, expected):
    assert signals(page) == expected


def test_labels_and_the_time_stay_with_the_value():
    first = next(value for value in read_signals(GATEWAY, 7.5) if value.signal == "breaker_state")
    assert (first.at_s, first.labels) == (7.5, {"gateway_backend": "first"})
