import numpy as np
import pytest

from keywords.engine.statistics.percentiles import TooFewValuesError, percentile, values_needed


@pytest.mark.parametrize(("p", "needed"), [(50, 5), (90, 29), (95, 59), (99, 299)])
def test_so_many_values_are_needed(p, needed):
    assert values_needed(p) == needed
    assert (p / 100) ** needed < 0.05 <= (p / 100) ** (needed - 1)


@pytest.mark.parametrize(
    ("n", "p", "value"),
    [
        (5, 50, 3),
        (59, 50, 30),
        (60, 50, 30),
        (100, 50, 50),
        (100, 90, 90),
        (59, 95, 57),  # 95 % of 59 is 56.05
        (60, 95, 57),
        (100, 95, 95),
        (299, 99, 297),  # 99 % of 299 is 296.01
        (300, 99, 297),
        (1000, 99, 990),
        (100, 55, 55),  # 0.55 * 100 is a little more than 55
    ],
)
def test_a_percentile_is_the_value_at_its_rank(n, p, value):
    assert percentile(range(n, 0, -1), p) == value


@pytest.mark.parametrize(
    ("n", "p", "needed"),
    [
        (0, 50, 5),
        (1, 50, 5),
        (2, 50, 5),
        (4, 50, 5),
        (1, 95, 59),
        (2, 95, 59),
        (58, 95, 59),
        (1, 99, 299),
        (2, 99, 299),
        (59, 99, 299),
        (60, 99, 299),
        (100, 99, 299),
        (298, 99, 299),
    ],
)
def test_too_few_values_are_refused_with_what_it_takes(n, p, needed):
    with pytest.raises(TooFewValuesError, match=f"^{n} values are too few for p{p}: it needs {needed}$"):
        percentile([1.0] * n, p)


@pytest.mark.parametrize("p", [0, 100, -1])
def test_p_is_a_whole_per_cent(p):
    with pytest.raises(ValueError, match="p must be 1 to 99"):
        percentile([1.0] * 1000, p)


@pytest.mark.parametrize("n", [299, 300, 301, 1234])
@pytest.mark.parametrize("p", [50, 90, 95, 99])
def test_it_agrees_with_numpys_inverted_distribution(n, p):
    values = np.random.default_rng(n).exponential(size=n)
    assert percentile(list(values), p) == np.percentile(values, p, method="inverted_cdf")


def test_one_slow_value_among_sixty_shows_in_no_p95():
    assert percentile([0.1] * 59 + [9.0], 95) == 0.1
    assert percentile([0.1] * 56 + [9.0] * 4, 95) == 9.0
