"""The steady state begins after the start and ends before the end, and both shares are told."""

import numpy as np
import pytest

from keywords.engine.load.metrics.steady_state import find_steady_state, mser, steady_windows_s
from utest.keywords.engine.load.metrics.samples import answer, failure, summary


def run(firsts, **changes):
    return summary(*[answer(float(at), first=first, **changes) for at, first in enumerate(firsts)])


@pytest.fixture
def noise():
    return np.random.default_rng(11)


def test_the_rule_is_the_squared_standard_error_of_what_is_left():
    batches = np.random.default_rng(2).normal(1e6, 1.0, 30)
    expected = [batches[d:].var() / (30 - d) for d in range(16)]
    np.testing.assert_allclose(mser(batches), expected, rtol=1e-6)


def test_a_slow_start_is_cut_off(noise):
    found = find_steady_state(run([*np.linspace(3.0, 0.5, 50), *noise.normal(0.5, 0.02, 450)]))
    assert found.problem is None
    assert 45 / 500 <= found.trimmed_start <= 75 / 500
    assert found.trimmed_end < 0.1
    assert str(found).endswith("% after are not")
    assert "steady by MSER-5 of ttft_first_content" in str(found)


def test_a_different_end_is_cut_off(noise):
    found = find_steady_state(run([*noise.normal(0.5, 0.02, 450), *np.linspace(0.5, 0.1, 50)]))
    assert 20 / 500 <= found.trimmed_end <= 75 / 500
    assert found.trimmed_start < 0.1
    assert found.chosen.sum() == round(found.share * 500)


def test_a_steady_run_is_kept_almost_whole(noise):
    shares = [find_steady_state(run(noise.normal(0.5, 0.05, 1000))).share for _ in range(20)]
    assert np.median(shares) > 0.8


def test_a_run_that_never_becomes_steady_is_told(noise):
    found = find_steady_state(run(np.linspace(0.1, 5.0, 500) + noise.normal(0, 0.01, 500)))
    assert found.problem == "the second half still differs from the first; run longer"
    assert (found.share, found.chosen.sum()) == (1.0, 500)
    assert str(found).startswith("no steady state by MSER-5")


def test_too_few_answers_are_told():
    found = find_steady_state(run([0.1] * 49))
    assert found.problem == "49 answers are too few; it needs 50"


def test_each_stage_has_a_steady_window_of_its_own():
    def steady(start, count, stage):
        return [answer(start + at, first=0.5, stage=stage) for at in range(count)]

    both = [*steady(0.0, 200, 0), *steady(200.0, 100, 1)]
    assert steady_windows_s(summary(*both, windows=((0.0, 200.0), (200.0, 300.0)))) == pytest.approx((200.0, 100.0))
    few = [*steady(0.0, 200, 0), *steady(200.0, 9, 1)]
    assert steady_windows_s(summary(*few, windows=((0.0, 200.0), (200.0, 209.0)))) == pytest.approx((200.0, 0.0))


def test_the_order_is_that_of_sending_and_failures_are_left_out(noise):
    samples = [answer(float(at), first=2.0 if at < 50 else noise.normal(0.5, 0.02)) for at in range(500)]
    shuffled = [samples[place] for place in noise.permutation(500)]
    found = find_steady_state(summary(*shuffled, failure(600.0)))
    kept = found.chosen[:500]
    assert not any(kept[place] for place, sample in enumerate(shuffled) if sample.t_sent < 50)
    assert not found.chosen[500]


def test_answers_that_are_no_streams_are_judged_by_their_whole_time(noise):
    assert find_steady_state(run(noise.normal(0.5, 0.02, 100), streamed=False)).metric == "e2e"
