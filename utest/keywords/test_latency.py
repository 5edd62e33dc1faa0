from datetime import timedelta
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator

from keywords.engine.latency import SAMPLES_NEEDED, percentile
from keywords.latency import LatencyLibrary


@pytest.mark.parametrize("p", [90, 95, 99])
def test_a_percentile_needs_enough_samples(p):
    n = SAMPLES_NEEDED[p]
    assert (p / 100) ** n < 0.05 <= (p / 100) ** (n - 1)
    assert percentile([1.0] * n, p) == 1.0
    with pytest.raises(ValueError, match=f"{n - 1} samples are too few for p{p}: it needs {n}"):
        percentile([1.0] * (n - 1), p)


@pytest.mark.parametrize(("p", "value"), [(50, 50.0), (90, 90.0), (95, 95.0)])
def test_percentiles_are_samples_by_nearest_rank(p, value):
    assert percentile([float(sample) for sample in range(100, 0, -1)], p) == value


def test_a_rank_between_two_samples_is_the_upper_one():
    assert percentile([float(sample) for sample in range(1, 60)], 95) == 57.0  # 95 % of 59 is 56.05


def test_one_slow_sample_among_sixty_shows_in_no_p95():
    assert percentile([0.1] * 59 + [9.0], 95) == 0.1
    assert percentile([0.1] * 56 + [9.0] * 4, 95) == 9.0


def test_the_time_beyond_a_deadline_is_told_with_both():
    answer, less = SimpleNamespace(total_s=1.25), AssertionOperator["<"]
    assert LatencyLibrary().get_time_beyond_deadline(answer, timedelta(seconds=1), less, 0.5) == 0.25
    assert LatencyLibrary().get_time_beyond_deadline(answer, timedelta(seconds=2)) == -0.75
    with pytest.raises(AssertionError, match=r"The answer took 1\.250 s, beyond 1 s \(s\) '0\.25'"):
        LatencyLibrary().get_time_beyond_deadline(answer, timedelta(seconds=1), less, 0.2)
