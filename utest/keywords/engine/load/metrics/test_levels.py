"""Service levels are judged with failures, and without a number there is no verdict."""

import math

import pytest

from keywords.engine.load.metrics.cost import Price
from keywords.engine.load.metrics.levels import judge
from keywords.engine.load.service_levels import OF_RUN, PER_REQUEST, parse_service_level, parse_service_levels
from utest.keywords.engine.load.metrics.samples import answer, cancelled, failure, summary


def result(numbers, level, **options):
    return judge(numbers, parse_service_level(level), **options)


def answers(count, **changes):
    return [answer(float(at), item=at, first=0.1 + at / 1000, **changes) for at in range(count)]


@pytest.mark.parametrize(
    ("level", "verdict"),
    [
        ("ttft_p90 < 1 s", "PASS"),
        ("ttft_p90 < 150 ms", "FAIL"),
        ("ttft_p90 < 280 ms", "INCONCLUSIVE"),
        ("ttft_mean < 1 s", "PASS"),
        ("ttft_mean < 100 ms", "FAIL"),
        ("chunk_gap_mean < 60 ms", "PASS"),
        ("chunk_gap_p99 < 60 ms", "PASS"),
        ("ttft < 1 s", "PASS"),
        ("ttft < 290 ms", "FAIL"),
        ("error_rate < 5 %", "PASS"),
        ("error_rate < 1 %", "INCONCLUSIVE"),
        ("rps > 0.9/s", "PASS"),
        ("rps > 2/s", "FAIL"),
        ("total_output_tokens_per_s > 3/s", "PASS"),
        ("cost < $ 1", "PASS"),
    ],
)
def test_a_level_is_judged_by_its_interval(level, verdict):
    numbers = summary(*answers(200, prompt_tokens=5), windows=((0.0, 200.0),))
    found = result(numbers, level, price=Price(input_per_million=1, output_per_million=1))
    assert found.verdict == verdict
    assert found.low <= found.value <= found.high


def test_a_server_does_not_pass_by_failing():
    numbers = summary(*answers(50), *[failure(float(at)) for at in range(50)])
    found = result(numbers, "e2e_p90 < 10 s")
    assert (found.verdict, found.value) == ("FAIL", math.inf)
    assert result(numbers, "e2e < 10 s").verdict == "FAIL"
    assert result(numbers, "error_rate < 10 %").verdict == "FAIL"


@pytest.mark.parametrize(
    ("level", "verdict"),
    [
        ("ttft_p95 < 1 s", "INCONCLUSIVE"),
        ("ttft_p50 < 1 s", "PASS"),
        ("ttft_p95 < 150 ms", "FAIL"),
        ("ttft_mean < 1 s", "INCONCLUSIVE"),
        ("ttft < 1 s", "INCONCLUSIVE"),
        ("error_rate < 5 %", "INCONCLUSIVE"),
        ("error_rate < 50 %", "PASS"),
        ("chunk_gap_p99 < 60 ms", "PASS"),
    ],
)
def test_a_server_does_not_pass_by_hanging(level, verdict):
    found = result(summary(*answers(200), *[cancelled(float(at)) for at in range(40)]), level)
    assert found.verdict == verdict
    if verdict == "INCONCLUSIVE":
        assert found.note.endswith("40 requests had not ended when the run did; let it drain longer")


def test_failures_count_among_the_values_that_a_percentile_needs():
    found = result(summary(*answers(20), *[failure(float(at)) for at in range(30)]), "ttft_p95 < 1 s")
    assert found.note == "n too small for p95: 50 values, and it needs 59"


def test_a_mean_of_latencies_has_no_value_once_a_request_failed():
    found = result(summary(*answers(60), failure()), "e2e_mean < 10 s")
    assert (found.verdict, found.value) == ("INCONCLUSIVE", None)
    assert found.note == "1 requests failed, so their mean has no value; ask for a percentile"


@pytest.mark.parametrize(
    ("level", "note"),
    [
        ("ttft_p99 < 1 s", "n too small for p99: 20 values, and it needs 299"),
        ("ttft_mean < 1 s", "n too small for a mean: 20 values, and it needs 50"),
        ("cost < $ 1", "the model has no price; add it to the table of prices"),
        ("goodput > 1/s", "goodput needs a level for each request, without a statistic, such as 'ttft < 500 ms'"),
    ],
)
def test_without_a_number_there_is_no_verdict(level, note):
    found = result(summary(*answers(20)), level)
    assert (found.verdict, found.value) == ("INCONCLUSIVE", None)
    assert found.note.startswith(note)


@pytest.mark.parametrize(
    "metric", [*(f"{name}{part}" for name in PER_REQUEST for part in ("_p95", "_mean", "")), *OF_RUN]
)
def test_every_level_that_can_be_written_can_be_judged(metric):
    unit = {"time": "1 s", "rate": "1/s", "tokens": "1 tokens", "share": "1 %", "money": "$ 1"}
    dimension = ({**PER_REQUEST, **OF_RUN})[metric.removesuffix("_p95").removesuffix("_mean")]
    assert result(summary(*answers(100)), f"{metric} < {unit[dimension]}").verdict in {"PASS", "FAIL", "INCONCLUSIVE"}


def test_nothing_that_ended_is_no_pass():
    assert result(summary(cancelled()), "error_rate < 5 %").note == "no request ended"
    assert result(summary(cancelled()), "ttft < 5 s").verdict == "INCONCLUSIVE"


def test_what_cannot_be_measured_is_no_pass():
    found = result(summary(*answers(5), answer(chunks=1)), "tpot < 9 s")
    assert (found.verdict, found.note) == ("INCONCLUSIVE", "5 of 6 requests hold it; 1 have no tpot_excl_first")


def test_goodput_is_judged_by_the_levels_of_requests():
    numbers = summary(*answers(100), windows=((0.0, 100.0),))
    levels = parse_service_levels("ttft < 149.5 ms, goodput > 0.4/s")
    found = judge(numbers, levels[1], levels=levels)
    assert (found.verdict, found.value) == ("PASS", 0.5)
    assert judge(numbers, parse_service_level("goodput > 0.6/s"), levels=levels).verdict == "FAIL"
