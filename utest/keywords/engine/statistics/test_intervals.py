import pytest
from scipy.stats import binomtest, linregress, ttest_1samp

from keywords.engine.statistics.intervals import (
    Estimate,
    clopper_pearson_lower,
    clopper_pearson_upper,
    mean_interval,
    slope_interval,
    wilson,
)

COUNTS = [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (4, 20), (12, 40), (1, 1000)]


@pytest.mark.parametrize(("k", "n"), COUNTS)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_they_agree_with_scipy(k, n, confidence):
    two_sided = binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert wilson(k, n, confidence) == pytest.approx((two_sided.low, two_sided.high), abs=1e-12)
    # scipy's one-sided exact bounds come with the matching alternative.
    upper = binomtest(k, n, alternative="less").proportion_ci(confidence, method="exact").high
    lower = binomtest(k, n, alternative="greater").proportion_ci(confidence, method="exact").low
    assert clopper_pearson_upper(k, n, confidence) == pytest.approx(upper, abs=1e-9)
    assert clopper_pearson_lower(k, n, confidence) == pytest.approx(lower, abs=1e-9)


def test_the_rule_of_three_and_the_sample_sizes_that_it_gives():
    assert clopper_pearson_upper(0, 10) == pytest.approx(1 - 0.05 ** (1 / 10))
    assert clopper_pearson_upper(0, 29) < 0.1 < clopper_pearson_upper(0, 28)
    assert clopper_pearson_upper(0, 59) < 0.05 < clopper_pearson_upper(0, 58)


def test_the_ends_are_exact():
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    assert clopper_pearson_upper(5, 5) == 1.0
    assert clopper_pearson_lower(0, 5) == 0.0


@pytest.mark.parametrize("interval", [wilson, clopper_pearson_upper, clopper_pearson_lower])
@pytest.mark.parametrize(
    ("k", "n", "confidence", "message"),
    [
        (0, 0, 0.95, "n must be at least 1"),
        (-1, 5, 0.95, "k must be 0 to n = 5"),
        (6, 5, 0.95, "k must be 0 to n = 5"),
        (1, 5, 95, "write 0.95 for 95 %"),
        (1, 5, 0, "confidence must lie between"),
    ],
)
def test_impossible_counts_are_refused(interval, k, n, confidence, message):
    with pytest.raises(ValueError, match=message):
        interval(k, n, confidence)


def test_the_interval_of_a_mean_is_students_t():
    found = mean_interval([10.0, 12.0, 11.0, 9.0, 13.0])
    half = 2.776445 * (2.5 / 5) ** 0.5  # t(0.975, 4) and the standard error
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((11, 11 - half, 11 + half, 5))


def test_the_interval_of_a_mean_agrees_with_scipy():
    values = [0.96, 0.94, 0.93, 0.95, 1.31, 0.9]
    found, theirs = mean_interval(values), ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_one_value_has_no_interval():
    assert mean_interval([7.0]) == Estimate(7, 7, 7, 1)


def test_no_value_has_no_mean():
    with pytest.raises(ValueError, match="n must be at least 1, not 0"):
        mean_interval([])


def test_a_slope_has_the_interval_of_its_fit():
    found = slope_interval([0, 1, 2, 3], [5.0, 7.0, 9.0, 11.0])
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((2, 2, 2, 4))
    rough, fit = slope_interval([0, 1, 2, 3], [5.0, 8.0, 8.0, 11.0]), linregress([0, 1, 2, 3], [5.0, 8.0, 8.0, 11.0])
    assert rough.mean == pytest.approx(1.8)
    assert rough.high - rough.mean == pytest.approx(4.302653 * fit.stderr)  # t(0.975, 2)
    assert rough.mean - rough.low == pytest.approx(rough.high - rough.mean)


def test_two_points_are_no_slope():
    with pytest.raises(ValueError, match="2 points are too few for a slope: it needs 3"):
        slope_interval([0, 1], [1, 2])
