import random

import pytest
from scipy.stats import binomtest

from keywords.engine.statistics.pairs import (
    Pairs,
    count_pairs,
    detectable_drop,
    drop_interval,
    holm,
    mcnemar_p,
)


@pytest.mark.parametrize(("lost", "gained"), [(6, 0), (5, 0), (8, 1), (10, 2), (0, 6), (3, 3), (40, 22), (2, 0)])
def test_the_exact_test_is_the_binomial_one_of_the_items_that_differ(lost, gained):
    assert mcnemar_p(lost, gained) == pytest.approx(binomtest(lost, lost + gained).pvalue, rel=1e-9)


def test_the_smallest_significant_results():
    assert mcnemar_p(6, 0) < 0.05 < mcnemar_p(5, 0)
    assert mcnemar_p(8, 1) < 0.05 < mcnemar_p(7, 1)
    assert mcnemar_p(10, 2) < 0.05 < mcnemar_p(9, 2)


def test_no_difference_has_p_1_and_thousands_do_not_overflow():
    assert mcnemar_p(0, 0) == 1.0
    assert 0 < mcnemar_p(2600, 2400) < 0.05


def test_items_are_counted_by_how_they_fared():
    pairs = count_pairs([(True, True), (True, False), (True, False), (False, True), (False, False)])
    assert pairs == Pairs(both=1, lost=2, gained=1, neither=1)
    assert pairs.drop == pytest.approx(0.2)
    with pytest.raises(ValueError, match="n too small"):
        count_pairs([])


def test_the_interval_of_a_drop_is_that_of_newcombes_own_example():
    # Table II of the paper, method 10.
    assert drop_interval(Pairs(36, 12, 2, 0)) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_the_interval_covers_the_true_drop():
    rng, covered = random.Random(7), 0
    for _ in range(2000):
        marks = [(rng.random() < 0.8, rng.random() < 0.6) for _ in range(40)]
        low, high = drop_interval(count_pairs(marks))
        covered += low <= 0.2 <= high
    assert covered >= 1880  # 94 %: the method is approximate


def test_a_detectable_drop_is_found_in_four_of_five_cases():
    for n, churn in [(20, 0.0), (40, 0.05), (140, 0.0)]:
        drop = detectable_drop(n, churn)
        rng, found = random.Random(n), 0
        for _ in range(2000):
            drawn = [rng.random() for _ in range(n)]
            lost = sum(one < drop + churn for one in drawn)
            gained = sum(drop + churn <= one < drop + 2 * churn for one in drawn)
            found += lost > gained and mcnemar_p(lost, gained) < 0.05
        assert 0.77 < found / 2000 < 0.84


def test_a_drop_that_no_result_can_show_is_none():
    assert detectable_drop(5) is None
    assert detectable_drop(6) == pytest.approx(0.8 ** (1 / 6), abs=1e-6)
    assert detectable_drop(20, 0.45) is None
    with pytest.raises(ValueError, match="churn must be"):
        detectable_drop(20, 0.5)


def test_a_model_compared_with_itself_differs_in_at_most_one_case_of_twenty():
    rng, different = random.Random(20260101), 0
    for _ in range(200):
        difficulties = [rng.random() for _ in range(20)]
        marks = [(rng.random() < one, rng.random() < one) for one in difficulties]
        different += count_pairs(marks).is_significant
    assert different <= 10


def test_holm_adjusts_by_rank_and_never_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
