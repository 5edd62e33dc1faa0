import random

import pytest
from scipy.stats import binom

from keywords.engine.statistics.clusters import TooFewItemsError, clustered_rate
from keywords.engine.statistics.intervals import clopper_pearson_lower, clopper_pearson_upper, wilson

RATES = [share / 100 for share in range(5, 100, 5)]


def test_one_draw_of_each_item_gives_wilsons_interval():
    rate = clustered_rate([(1, 1)] * 17 + [(0, 1)] * 3)
    assert (rate.low, rate.high) == pytest.approx(wilson(17, 20))
    assert (rate.mean, rate.items, rate.draws) == (0.85, 20, 20)


def test_draws_that_always_agree_are_worth_one():
    rate = clustered_rate([(5, 5)] * 12 + [(0, 5)] * 8)
    assert 16 < rate.effective < 20
    low, high = wilson(12, 20)
    assert rate.low == pytest.approx(low, abs=0.03)
    assert rate.low < low
    assert rate.high == pytest.approx(high, abs=0.03)
    assert rate.high > high


def test_the_effective_sample_size_is_that_of_the_paper():
    # By hand: variance of the items' rates 4.8 / 19 / 20, of a single trial 0.24: 19 trials. Of 19 degrees of freedom
    # instead of 99, (1.98422 / 2.09302)^2 of them.
    assert clustered_rate([(5, 5)] * 12 + [(0, 5)] * 8).effective == pytest.approx(17.076, abs=0.001)


def test_no_hit_in_five_draws_of_twenty_items_is_none_in_twenty():
    rate = clustered_rate([(0, 5)] * 20)
    assert (rate.low, rate.high) == pytest.approx((0.0, 0.161), abs=0.001)


def test_draws_that_do_not_depend_on_their_item_are_worth_as_many_as_they_are():
    rng = random.Random(3)
    rate = clustered_rate([(sum(rng.random() < 0.6 for _ in range(5)), 5) for _ in range(400)])
    assert rate.effective > 1600


def test_few_items_are_refused():
    with pytest.raises(TooFewItemsError, match="n too small: 4 items"):
        clustered_rate([(1, 5)] * 4 + [(0, 0)])


@pytest.mark.parametrize("n", [10, 20, 40])
@pytest.mark.parametrize("p", RATES)
def test_a_gates_bounds_cover_the_true_rate_in_95_of_100_cases(n, p):
    # Exact, over all results that n trials can have; a simulation would only approach it.
    lower = sum(binom.pmf(k, n, p) for k in range(n + 1) if clopper_pearson_lower(k, n) <= p)
    upper = sum(binom.pmf(k, n, p) for k in range(n + 1) if clopper_pearson_upper(k, n) >= p)
    assert lower >= 0.95
    assert upper >= 0.95


def test_wilsons_interval_covers_about_as_often_as_it_says():
    coverage = [
        sum(binom.pmf(k, n, p) for k in range(n + 1) if wilson(k, n)[0] <= p <= wilson(k, n)[1])
        for n in (10, 20, 40)
        for p in RATES
    ]
    assert sum(coverage) / len(coverage) > 0.945
    assert min(coverage) > 0.88  # it is known to oscillate; gates take the exact bounds


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_the_clustered_interval_covers_where_the_plain_one_of_all_draws_does_not(p):
    rng, covered, plain = random.Random(int(100 * p)), 0, 0
    for _ in range(1000):
        # Items of which most are always or never right.
        own = [rng.betavariate(p * 0.5, (1 - p) * 0.5) for _ in range(20)]
        counts = [(sum(rng.random() < one for _ in range(5)), 5) for one in own]
        rate = clustered_rate(counts)
        low, high = wilson(sum(hits for hits, _ in counts), 100)
        covered += rate.low <= p <= rate.high
        plain += low <= p <= high
    # Approximate, as only 20 items tell how much items differ; gates count items and take the exact bound.
    assert covered >= 915
    assert plain < 850
