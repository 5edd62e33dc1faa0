"""Order statistics against definitions by hand, scipy and simulation."""

import math

import numpy as np
import pytest
from scipy.stats import quantile_test

from keywords.engine.statistics.order import CountedValues, SortedValues, percentile_interval, percentile_of
from keywords.engine.statistics.percentiles import TooFewValuesError, percentile


@pytest.fixture
def numbers():
    return np.random.default_rng(3).integers(0, 5000, 700).astype(np.uint32)


@pytest.mark.parametrize("p", [1, 50, 90, 95, 99])
def test_percentiles_are_those_of_the_values(numbers, p):
    values = SortedValues(numbers.astype(float))
    assert percentile_of(values, p) == percentile(list(numbers), p) == np.percentile(numbers, p, method="inverted_cdf")


@pytest.mark.parametrize("p", [1, 50, 90, 99])
@pytest.mark.parametrize("bound", [5000, 4000, 10, 1])
def test_counts_give_the_same_percentiles_as_values(numbers, p, bound):
    counted = CountedValues(bound, unit=0.5)
    for part in np.array_split(numbers, 7):
        counted.add(part)
    assert percentile_of(counted, p) == percentile(list(numbers), p) * 0.5
    assert math.isclose(counted.mean, numbers.mean() * 0.5)
    assert counted.n == 700


def test_counts_of_two_kinds_add_up(numbers):
    one, other = CountedValues(100, 1.0), CountedValues(100, 1.0)
    one.add(numbers[:300])
    assert one.at(1) == numbers[:300].min()
    other.add(numbers[300:])
    one.add_all(other)
    assert [one.at(place) for place in range(1, 701)] == sorted(numbers)


def test_infinite_values_come_last():
    values = SortedValues(np.array([2.0, 1.0]), infinite=3)
    assert [values.at(place) for place in range(1, 6)] == [1.0, 2.0, math.inf, math.inf, math.inf]
    assert percentile_of(values, 50) == math.inf


def test_too_few_values_are_refused():
    with pytest.raises(TooFewValuesError, match="58 values are too few for p95: it needs 59"):
        percentile_of(SortedValues(np.arange(58.0)), 95)


@pytest.mark.parametrize(("n", "p"), [(20, 50), (100, 50), (100, 90), (1000, 95), (1000, 99)])
def test_the_interval_is_that_of_the_quantile_test(n, p):
    values = np.random.default_rng(n + p).exponential(size=n)
    low, high = percentile_interval(SortedValues(values), p)
    expected = quantile_test(values, p=p / 100).confidence_interval(0.95)
    assert (low, high) == (expected.low, expected.high)


def test_an_end_that_the_values_do_not_have_is_infinite():
    low, high = percentile_interval(SortedValues(np.arange(1.0, 60.0)), 95)
    assert (math.isfinite(low), high) == (True, math.inf)
    assert percentile_interval(SortedValues(np.arange(3.0)), 50) == (-math.inf, math.inf)


@pytest.mark.parametrize(("n", "p"), [(100, 50), (200, 90), (400, 95)])
def test_the_interval_covers_the_true_percentile(n, p):
    draws = np.random.default_rng(5).random((1000, n))
    ends = [percentile_interval(SortedValues(draw), p) for draw in draws]
    assert sum(low <= p / 100 <= high for low, high in ends) >= 940
