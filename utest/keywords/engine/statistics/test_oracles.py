"""Our statistics beside two independent packages; `tox run -e lm-eval` has both, no other job installs them."""

import numpy as np
import pytest

from keywords.engine.statistics.clusters import clustered_rate
from keywords.engine.statistics.intervals import clopper_pearson_lower, clopper_pearson_upper, wilson
from keywords.engine.statistics.pairs import Pairs, drop_interval, holm, mcnemar_p

evalstats = pytest.importorskip("evalstats.core.resampling", reason="run by `tox run -e lm-eval`")
proportion = pytest.importorskip("statsmodels.stats.proportion", reason="run by `tox run -e lm-eval`")
tables = pytest.importorskip("statsmodels.stats.contingency_tables", reason="run by `tox run -e lm-eval`")
multitest = pytest.importorskip("statsmodels.stats.multitest", reason="run by `tox run -e lm-eval`")

COUNTS = [(0, 10), (8, 10), (14, 20), (18, 20), (20, 20), (3, 40), (700, 1319)]
PAIRS = [Pairs(36, 12, 2, 0), Pairs(10, 6, 0, 4), Pairs(0, 3, 9, 8), Pairs(20, 0, 0, 0), Pairs(90, 21, 7, 22)]


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_intervals_agree_with_both_packages(k, n):
    assert wilson(k, n) == pytest.approx(evalstats.wilson_ci(k, n, 0.05), abs=1e-9)
    assert wilson(k, n) == pytest.approx(proportion.proportion_confint(k, n, 0.05, "wilson"), abs=1e-9)
    # A one-sided 95 % bound is the end of a two-sided 90 % interval.
    low, high = evalstats.clopper_pearson_ci(k, n, 0.10)
    assert (clopper_pearson_lower(k, n), clopper_pearson_upper(k, n)) == pytest.approx((low, high), abs=1e-9)
    low, high = proportion.proportion_confint(k, n, 0.10, "beta")
    assert (clopper_pearson_lower(k, n), clopper_pearson_upper(k, n)) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("pairs", PAIRS)
def test_comparisons_agree_with_both_packages(pairs):
    cells = [(1, 1, pairs.both), (1, 0, pairs.lost), (0, 1, pairs.gained), (0, 0, pairs.neither)]
    first = np.concatenate([np.full(count, one) for one, _, count in cells])
    second = np.concatenate([np.full(count, two) for _, two, count in cells])
    assert drop_interval(pairs) == pytest.approx(evalstats.newcombe_mover_paired_ci(first, second), abs=1e-9)
    table = [[pairs.both, pairs.lost], [pairs.gained, pairs.neither]]
    assert mcnemar_p(pairs.lost, pairs.gained) == pytest.approx(tables.mcnemar(table, exact=True).pvalue, abs=1e-12)


def test_adjusted_values_agree():
    values = [0.01, 0.04, 0.03, 0.005, 0.6]
    assert holm(values) == pytest.approx(list(multitest.multipletests(values, method="holm")[1]), abs=1e-12)


def test_repeats_agree_where_all_draws_of_an_item_do():
    rate = clustered_rate([(5, 5)] * 12 + [(0, 5)] * 8)
    low, high = evalstats.wilson_nested_od_t(np.array([[1.0] * 5] * 12 + [[0.0] * 5] * 8), 0.05)
    assert rate.low == pytest.approx(low, abs=0.05)
    assert rate.high == pytest.approx(high, abs=0.05)
