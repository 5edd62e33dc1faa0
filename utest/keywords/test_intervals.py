import pytest
from scipy.stats import binomtest

from keywords.engine.intervals import clopper_pearson_lower, clopper_pearson_upper, wilson

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
