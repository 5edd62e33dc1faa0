from math import e

import pytest

from keywords.engine.statistics.comparison import paired_difference, paired_geometric_ratio, paired_ratio
from keywords.engine.statistics.intervals import Estimate, mean_interval

ROUNDS = [(10.0, 5.0), (24.0, 10.0), (4.8, 3.0)]
"""A machine that is twice as fast in one round, and slow in another: ratios 2, 2.4, 1.6; differences 5, 14, 1.8."""


def test_a_ratio_is_taken_within_each_round():
    found = paired_ratio(ROUNDS)
    half = 4.302653 * (0.16 / 3) ** 0.5  # t(0.975, 2) and the standard error
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((2.0, 2.0 - half, 2.0 + half, 3))


def test_what_slows_both_sides_of_a_round_alike_is_no_doubt_about_the_ratio():
    assert paired_ratio([(2.0, 1.0), (20.0, 10.0), (0.5, 0.25)]) == Estimate(2.0, 2.0, 2.0, 3)


def test_rounds_that_were_slow_for_one_side_each_cancel_in_the_geometric_mean():
    found = paired_geometric_ratio([(2.0, 1.0), (1.0, 2.0)])
    assert found.mean == pytest.approx(1.0)
    assert paired_ratio([(2.0, 1.0), (1.0, 2.0)]).mean == pytest.approx(1.25)


def test_the_interval_of_a_geometric_mean_is_that_of_the_logarithms():
    found = paired_geometric_ratio([(1.0, 1.0), (e, 1.0), (e**2, 1.0)])
    half = 4.302653 / 3**0.5  # t(0.975, 2) and the standard error of 0, 1, 2
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((e, e ** (1 - half), e ** (1 + half), 3))


def test_a_difference_is_taken_within_each_round():
    found = paired_difference(ROUNDS)
    assert found == mean_interval([10.0 - 5.0, 24.0 - 10.0, 4.8 - 3.0])
    assert found.mean == pytest.approx(20.8 / 3)


def test_one_round_has_no_interval():
    assert paired_ratio([(3.0, 2.0)]) == Estimate(1.5, 1.5, 1.5, 1)
    assert paired_difference([(3.0, 2.0)]) == Estimate(1.0, 1.0, 1.0, 1)


@pytest.mark.parametrize("compare", [paired_ratio, paired_geometric_ratio, paired_difference])
def test_no_round_is_no_comparison(compare):
    with pytest.raises(ValueError, match="a mean needs a value"):
        compare([])


def test_a_ratio_to_nothing_is_refused():
    with pytest.raises(ValueError, match="a ratio to 0"):
        paired_ratio([(1.0, 2.0), (1.0, 0.0)])


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_a_geometric_mean_of_nothing_is_refused(pair):
    with pytest.raises(ValueError, match="needs values above 0"):
        paired_geometric_ratio([(1.0, 2.0), pair])
