from math import inf

import numpy as np
import pytest

from keywords.engine.statistics.shifts import hodges_lehmann, shift_interval

NUMBERS = [3.0, 1.0, 2.0, 5.0, 4.0]


def test_the_shift_is_the_median_of_all_differences():
    assert hodges_lehmann([0, 1, 10], [5, 6]) == 4.5
    assert hodges_lehmann(NUMBERS, [value + 7 for value in NUMBERS]) == 7


def test_one_wild_value_does_not_move_the_shift_far():
    assert hodges_lehmann(NUMBERS, [8, 9, 10, 11, 1000]) == 7


def test_infinite_values_have_a_shift():
    assert hodges_lehmann([1, 2, 3], [inf] * 3) == inf
    assert hodges_lehmann([inf] * 3, [inf] * 3) == 0
    assert shift_interval([1, 2, 3], [inf] * 3) == (inf, inf)


def test_the_same_values_have_the_same_interval():
    other = [value * 1.5 for value in NUMBERS]
    assert shift_interval(NUMBERS, other) == shift_interval(NUMBERS, other)


def test_what_slows_both_sides_of_a_round_does_not_widen_the_interval_of_pairs():
    drift = [0.0, 30.0, 10.0, 50.0, 20.0, 40.0]
    first = [value + noise for value, noise in zip(drift, [0, 1, -1, 0, 1, -1], strict=True)]
    second = [value + 5 for value in drift]
    together = shift_interval(first, second, paired=True)
    apart = shift_interval(first, second)
    assert together[0] <= 5 <= together[1]
    assert together[1] - together[0] < (apart[1] - apart[0]) / 3


def test_many_values_are_taken_in_parts_of_any_size():
    values = list(range(40))
    low, high = shift_interval(values, [value + 3.0 for value in values], resamples=5000)
    assert low < 3 < high


def test_what_has_no_spread_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        shift_interval([1.0], [2.0, 3.0])
    with pytest.raises(ValueError, match="2 and 3 values"):
        shift_interval([1.0, 2.0], [1.0, 2.0, 3.0], paired=True)


@pytest.mark.parametrize("paired", [False, True])
def test_the_interval_of_five_values_a_side_holds_the_true_shift_in_nine_of_ten_cases(paired):
    random = np.random.default_rng(20260101)
    held, cases = 0, 300
    for _ in range(cases):
        first, second = random.normal(size=(2, 5))
        low, high = shift_interval(first.tolist(), (second + 1).tolist(), paired=paired, resamples=1000)
        held += low <= 1 <= high
    assert held >= 0.9 * cases
