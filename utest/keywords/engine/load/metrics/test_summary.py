"""Metrics of samples whose values are known by hand."""

import math
from array import array

import numpy as np
import pytest

from keywords.engine.load.metrics import chunks
from keywords.engine.load.metrics.definitions import DEFINITIONS
from keywords.engine.load.service_levels import PER_REQUEST
from keywords.engine.load.storage import columns
from utest.keywords.engine.load.metrics.samples import answer, cancelled, failure, summary


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("ttft_first_byte", 0.08),
        ("ttft_first_content", 0.1),
        ("e2e", 0.26),
        ("ttft_first_byte_from_intended", 0.38),
        ("ttft_first_content_from_intended", 0.4),
        ("e2e_from_intended", 0.56),
        ("send_lag", 0.3),
        ("tpot_excl_first", 0.15 / 7),
        ("tpot_excl_first_by_token", 0.15 / 7),
        ("chunk_gap", 0.05),
        ("output_tokens_per_s", 8 / 0.26),
        ("output_length", 8),
    ],
)
def test_each_metric_is_what_its_definition_says(metric, value):
    numbers = summary(answer(10.0, tokens=8, t_intended=9.7))
    assert math.isclose(numbers.mean(metric), value, rel_tol=1e-9, abs_tol=1e-6 if metric == "chunk_gap" else 1e-12)


def test_service_levels_know_the_same_metrics_of_requests():
    assert {*DEFINITIONS, "chunk_gap"} - {"send_lag"} == set(PER_REQUEST)


def test_what_is_no_stream_has_no_time_of_its_first_text():
    numbers = summary(answer(streamed=False))
    for metric in ("ttft_first_content", "tpot_excl_first", "chunk_gap", "tpot_excl_first_by_token"):
        assert numbers.mean(metric) is None
    assert [numbers.count(metric) for metric in ("ttft_first_content", "tpot_excl_first", "chunk_gap")] == [0, 0, 0]
    assert numbers.count("e2e") == numbers.count("ttft_first_byte") == 1


@pytest.mark.parametrize("tokens", [0, 1])
def test_an_answer_of_one_token_has_no_time_per_token(tokens):
    numbers = summary(answer(chunks=1, output_tokens=tokens))
    assert (numbers.count("tpot_excl_first"), numbers.mean("tpot_excl_first")) == (0, None)
    assert (numbers.count("chunk_gap"), numbers.count("ttft_first_content")) == (0, 1)


def test_means_over_requests_and_over_tokens_have_different_names():
    numbers = summary(answer(chunks=11, gap=0.2), answer(chunks=101, gap=0.02))
    assert math.isclose(numbers.mean("tpot_excl_first"), 0.11)
    assert math.isclose(numbers.mean("tpot_excl_first_by_token"), (10 * 0.2 + 100 * 0.02) / 110)


def test_failures_count_as_infinite_beside_the_survivors():
    numbers = summary(*[answer(first=0.1) for _ in range(40)], *[failure() for _ in range(40)], cancelled())
    assert math.isclose(numbers.percentile("e2e", 90), 0.26)
    assert numbers.percentile("e2e", 90, failures=True) == math.inf
    assert math.isclose(numbers.percentile("e2e", 50, failures=True), 0.26)
    assert (numbers.error_rate, numbers.errors) == (0.5, {"server_error": 40})
    assert (numbers.answered(), numbers.failed(), numbers.cancelled()) == (40, 40, 1)
    assert numbers.percentile("output_length", 90, failures=True) == 4


def test_a_cancelled_request_is_neither_a_success_nor_a_failure():
    numbers = summary(answer(), cancelled())
    assert (numbers.error_rate, numbers.count("e2e")) == (0.0, 1)


def test_errors_are_counted_by_class_the_most_frequent_first():
    numbers = summary(failure(), failure(error="cut"), failure(error="cut"), answer())
    assert list(numbers.errors.items()) == [("cut", 2), ("server_error", 1)]
    assert numbers.error_rate == 0.75


def test_a_percentile_of_too_few_values_is_none():
    numbers = summary(*[answer() for _ in range(58)])
    assert numbers.percentile("e2e", 95) is None
    assert numbers.interval("e2e", 95) is None
    assert numbers.percentile("e2e", 90) is not None


def test_an_interval_lies_around_its_percentile():
    numbers = summary(*[answer(first=0.1 + 0.001 * number) for number in range(200)])
    low, high = numbers.interval("ttft_first_content", 90)
    assert low < numbers.percentile("ttft_first_content", 90) < high


def test_the_warm_up_is_left_out():
    numbers = summary(answer(first=5.0, stage=-1), failure(stage=-1), answer())
    assert (numbers.count("e2e"), numbers.error_rate, numbers.count("chunk_gap"), numbers.stages) == (1, 0.0, 3, (0,))


def test_stages_are_populations_of_their_own():
    numbers = summary(
        answer(0.0, first=0.1, gap=0.05),
        answer(10.0, first=0.3, gap=0.07, stage=1),
        failure(10.0, stage=1),
        windows=((0.0, 10.0), (10.0, 20.0)),
    )
    assert numbers.stages == (0, 1)
    assert math.isclose(numbers.mean("ttft_first_content", 1), 0.3)
    assert math.isclose(numbers.mean("chunk_gap", 0), 0.05)
    assert math.isclose(numbers.mean("chunk_gap", 1), 0.07)
    assert math.isclose(numbers.mean("chunk_gap"), 0.06)
    assert math.isclose(numbers.percentile("chunk_gap", 50), 0.05)
    assert [numbers.error_rate_of(stage) for stage in (0, 1, None)] == [0.0, 0.5, 1 / 3]
    assert (numbers.count("chunk_gap", 7), numbers.mean("chunk_gap", 7)) == (0, None)


def test_throughput_counts_what_happened_within_the_stage():
    late = answer(9.8, first=0.1, chunks=4, gap=0.05, tokens=8)  # two of its chunks came before the end
    numbers = summary(answer(0.0, tokens=40), late, failure(1.0), cancelled(2.0), windows=((0.0, 9.98), (9.98, 12.0)))
    assert math.isclose(numbers.rps(0), 1 / 9.98)
    assert math.isclose(numbers.rps(1), 1 / 2.02)
    assert math.isclose(numbers.rps(), 2 / 12)
    assert math.isclose(numbers.total_output_tokens_per_s(0), (40 + 4) / 9.98)
    assert math.isclose(numbers.total_output_tokens_per_s(1), 4 / 2.02)
    assert math.isclose(numbers.total_output_tokens_per_s(), 48 / 12)


def test_what_came_in_the_drain_is_no_throughput():
    numbers = summary(answer(0.0), answer(4.9, first=1.0), windows=((0.0, 5.0),))
    assert math.isclose(numbers.rps(), 1 / 5)
    assert math.isclose(numbers.total_output_tokens_per_s(), 4 / 5)


def test_tokens_of_an_answer_that_is_no_stream_come_at_its_end():
    numbers = summary(answer(0.0, streamed=False, tokens=30), windows=((0.0, 2.0),))
    assert numbers.total_output_tokens_per_s() == 15


def test_stages_that_overlap_between_processes_each_have_their_tokens():
    numbers = summary(answer(0.0), answer(5.0, stage=1), answer(9.0, stage=1), windows=((0.0, 6.0), (4.0, 10.0)))
    assert math.isclose(numbers.total_output_tokens_per_s(0), 8 / 6)
    assert math.isclose(numbers.total_output_tokens_per_s(1), 8 / 6)
    assert math.isclose(numbers.rps(0), 2 / 6)


def test_a_stage_that_never_began_has_no_throughput():
    numbers = summary(answer(0.0), cancelled(9.0, stage=1), windows=((0.0, 6.0),))
    assert numbers.rps(1) is numbers.total_output_tokens_per_s(1) is None


def test_without_planned_stages_the_span_of_the_samples_counts():
    numbers = summary(answer(0.0), answer(1.0))
    assert math.isclose(numbers.duration_s(), 1.26, rel_tol=1e-9)
    assert math.isclose(numbers.rps(), 2 / 1.26)


def test_no_sample_has_no_number():
    numbers = summary()
    assert (numbers.error_rate, numbers.errors, numbers.stages) == (0.0, {}, ())
    assert numbers.mean("e2e") is numbers.rps() is numbers.total_output_tokens_per_s() is None
    assert numbers.mean("tpot_excl_first_by_token") is numbers.percentile("chunk_gap", 50) is None


def test_one_stall_shows_in_the_tail():
    stalled = answer(chunks=100, gap=0.001)
    stalled.chunk_times = array(
        "d", [at + (2.0 if number >= 50 else 0.0) for number, at in enumerate(stalled.chunk_times)]
    )
    numbers = summary(*[answer(chunks=100, gap=0.001) for _ in range(3)], stalled)
    assert numbers.percentile("chunk_gap", 99) == pytest.approx(0.001, abs=2e-6)
    assert numbers.values("chunk_gap").max() == pytest.approx(2.001, abs=2e-6)


def test_blocks_do_not_change_the_numbers(monkeypatch):
    draws = np.random.default_rng(1)
    samples = [
        answer(at, first=draws.random(), chunks=int(draws.integers(1, 9)), gap=draws.random(), stage=int(at > 20))
        for at in np.arange(0.0, 40.0, 0.3)
    ]
    samples[3] = failure(samples[3].t_sent)
    windows = ((0.0, 20.0), (20.0, 40.0))
    whole = summary(*samples, windows=windows)
    monkeypatch.setattr(columns, "_BLOCK", 7)
    parts = summary(*samples, windows=windows)
    np.testing.assert_allclose(parts.chunks.tokens, whole.chunks.tokens)
    np.testing.assert_array_equal(parts.chunks.largest_gap_s, whole.chunks.largest_gap_s)
    assert parts.percentile("chunk_gap", 99) == whole.percentile("chunk_gap", 99)
    gaps = np.concatenate([np.rint(np.diff(each.chunk_times) * 1e6) for each in samples])
    assert abs(whole.mean("chunk_gap") - gaps.mean() / 1e6) < 1e-6
    monkeypatch.setattr(chunks, "_BOUND", 1000)
    assert summary(*samples).percentile("chunk_gap", 50) == whole.percentile("chunk_gap", 50)
