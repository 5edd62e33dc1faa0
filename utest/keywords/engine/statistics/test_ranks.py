from itertools import combinations
from math import inf

import pytest
from scipy.stats import mannwhitneyu

from keywords.engine.statistics.ranks import fewest_values, mann_whitney_p


def test_samples_that_do_not_overlap_have_the_smallest_p_of_their_size():
    assert mann_whitney_p([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(2 / 252)
    assert mann_whitney_p([1, 2, 3, 4, 5], [inf] * 5) == pytest.approx(2 / 252)


def test_equal_values_prove_nothing():
    assert mann_whitney_p([0.0] * 5, [0.0] * 5) == 1
    assert mann_whitney_p([inf] * 3, [inf] * 4) == 1


def test_p_is_that_of_scipy_where_nothing_is_tied():
    first, second = [3.1, 2.2, 9.4, 5.5, 1.6], [7.7, 8.8, 4.9, 10.1, 11.2, 12.3]
    assert mann_whitney_p(first, second) == pytest.approx(mannwhitneyu(first, second, method="exact").pvalue)


def test_few_tied_values_are_dealt_in_every_way():
    first, second = [0, 0, 0, 0, 1], [0, 1, 1, 1, 1]
    values, middle = [*first, *second], sum(range(11)) / 2

    def distance(ones):
        ranks = [3 if value == 0 else 8 for value in values]
        return abs(sum(ranks[at] for at in ones) - middle)

    deals = list(combinations(range(10), 5))
    as_far = sum(distance(deal) >= distance(range(5)) - 1e-9 for deal in deals)
    assert mann_whitney_p(first, second) == pytest.approx(as_far / len(deals))


def test_many_tied_values_are_approximated():
    assert 0 < mann_whitney_p([0] * 15 + [1] * 5, [0] * 5 + [1] * 15) < 0.01


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="n must be at least 1"):
        mann_whitney_p([], [1.0])


@pytest.mark.parametrize(("comparisons", "values"), [(1, 4), (6, 5), (7, 6), (23, 6), (24, 7)])
def test_so_many_values_can_be_significant_among_so_many_comparisons(comparisons, values):
    assert fewest_values(comparisons) == values
