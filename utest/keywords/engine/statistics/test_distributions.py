"""Quantiles against scipy, and what importing them costs."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, t

from keywords.engine.statistics.distributions import binomial_excess, binomial_quantile, student_quantile

PROBABILITY = st.floats(0.01, 0.99)
TRIALS = st.sampled_from([1, 2, 5, 29, 299, 10_000, 1_000_000])


@given(PROBABILITY, TRIALS, PROBABILITY)
def test_the_binomial_quantile_is_the_first_that_is_probable_enough(probability, n, rate):
    found = binomial_quantile(probability, n, rate)
    assert binom.cdf(found, n, rate) >= probability - 1e-9
    assert found == 0 or binom.cdf(found - 1, n, rate) < probability + 1e-9


@pytest.mark.parametrize("hits", [-1, 0, 7, 20])
def test_the_binomial_excess_is_scipys(hits):
    assert binomial_excess(hits, 20, 0.3) == pytest.approx(binom.sf(hits, 20, 0.3))


@given(PROBABILITY, st.integers(1, 100))
def test_the_students_quantile_is_scipys(probability, freedom):
    assert student_quantile(probability, freedom) == pytest.approx(t.ppf(probability, freedom), abs=1e-9)


INTERVALS_AND_QUANTILES = """
import sys
from keywords.engine.statistics import clusters, intervals, order, power, shifts
order.percentile_interval(order.SortedValues([1.0, 2.0, 3.0]), 50)
intervals.mean_interval([1.0, 2.0, 3.0])
power.can_tell(20, 0.2)
sys.exit("scipy.stats" in sys.modules)
"""


def test_intervals_and_quantiles_do_not_import_scipy_stats():
    assert subprocess.run([sys.executable, "-c", INTERVALS_AND_QUANTILES], check=False).returncode == 0
