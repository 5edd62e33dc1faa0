"""Service levels are read into metric, statistic and a limit in base units, or refused with the part that is wrong."""

import math

import pytest

from keywords.engine.load.errors import ServiceLevelError
from keywords.engine.load.service_levels import ServiceLevel, parse_service_level, parse_service_levels


@pytest.mark.parametrize(
    ("text", "level", "shown"),
    [
        (
            "ttft_p95 < 500 ms",
            ServiceLevel("ttft_first_content", 95, mean=False, comparison="<", limit=0.5),
            "ttft_first_content_p95 < 500 ms",
        ),
        (
            "tpot_p90<50ms",
            ServiceLevel("tpot_excl_first", 90, mean=False, comparison="<", limit=0.05),
            "tpot_excl_first_p90 < 50 ms",
        ),
        ("e2e_p99 <= 10 s", ServiceLevel("e2e", 99, mean=False, comparison="<=", limit=10), "e2e_p99 <= 10 s"),
        (
            "error_rate < 1 %",
            ServiceLevel("error_rate", None, mean=False, comparison="<", limit=0.01),
            "error_rate < 1 %",
        ),
        (
            "ttft_from_intended_p50 < 2 s",
            ServiceLevel("ttft_first_content_from_intended", 50, mean=False, comparison="<", limit=2),
            "ttft_first_content_from_intended_p50 < 2 s",
        ),
        (
            "output_tokens_per_s_mean > 20",
            ServiceLevel("output_tokens_per_s", None, mean=True, comparison=">", limit=20),
            "output_tokens_per_s_mean > 20/s",
        ),
        ("rps >= 5/s", ServiceLevel("rps", None, mean=False, comparison=">=", limit=5), "rps >= 5/s"),
        ("cost < $ 0.5", ServiceLevel("cost", None, mean=False, comparison="<", limit=0.5), "cost < $ 0.5"),
        (
            "output_length > 10 tokens",
            ServiceLevel("output_length", None, mean=False, comparison=">", limit=10),
            "output_length > 10 tokens",
        ),
    ],
)
def test_a_level(text, level, shown):
    assert parse_service_level(text) == level
    assert str(level) == shown
    assert parse_service_level(shown) == level


def test_a_level_without_statistic_holds_for_each_request():
    assert parse_service_level("ttft < 500 ms").is_per_request
    assert not parse_service_level("ttft_p95 < 500 ms").is_per_request
    assert not parse_service_level("ttft_mean < 500 ms").is_per_request
    assert not parse_service_level("error_rate < 1 %").is_per_request
    assert parse_service_level("ttft_p95 < 500 ms").per_request == parse_service_level("ttft < 500 ms")


def test_values_hold_a_level_or_do_not():
    below, at_most = parse_service_level("e2e < 1 s"), parse_service_level("e2e <= 1 s")
    assert [below.holds(value) for value in (0.9, 1.0, math.inf)] == [True, False, False]
    assert at_most.holds(1.0)
    above, at_least = parse_service_level("rps > 5"), parse_service_level("rps >= 5")
    assert [above.holds(value) for value in (5, 6)] == [False, True]
    assert at_least.holds(5)


def test_an_interval_that_holds_the_limit_is_inconclusive():
    level = parse_service_level("ttft_p95 < 500 ms")
    assert level.verdict(0.3, 0.4) == "PASS"
    assert level.verdict(0.4, 0.6) == "INCONCLUSIVE"
    assert level.verdict(0.6, math.inf) == "FAIL"


def test_several_levels():
    assert [level.name for level in parse_service_levels("ttft_p95 < 500 ms, error_rate < 1 %")] == [
        "ttft_first_content_p95",
        "error_rate",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ttft_p95", "is no service level; write a metric, a comparison and a limit, such as 'ttft_p95 < 500 ms'"),
        ("ttft_p95 = 500 ms", "is no service level"),
        ("", "is no service level"),
        (None, "None is no service level"),
        ("ttfd_p95 < 1 s", "there is no metric 'ttfd'; did you mean ttft?"),
        ("beauty < 1 s", "there is no metric 'beauty'; write one of ttft,"),
        ("itl_p95 < 1 s", "itl means different things to different tools; write chunk_gap"),
        ("ttft_p95 < 500", "the limit is '500', without a unit; write a number with its unit"),
        ("ttft_p100 < 1 s", "there is no p100; write p1 to p99"),
        ("error_rate < 0.01", "the limit '0.01' has not the metric's unit; write 1 %"),
        ("error_rate_p95 < 1 %", "error_rate is one number of the whole run; write it without a statistic"),
        ("cost < 5 s", "the limit '5 s' has not the metric's unit; write $ 0.5"),
    ],
)
def test_what_is_no_level(text, message):
    with pytest.raises(ServiceLevelError) as error:
        parse_service_level(text)
    assert message in str(error.value)
