import pytest

from ops.bench.race.statistics import estimate, percentile, slope


def test_the_interval_is_students_t_over_rounds():
    found = estimate([10.0, 12.0, 11.0, 9.0, 13.0])
    # t(0.975, 4) = 2.776, standard error = sqrt(2.5 / 5)
    assert found.mean == 11
    assert found.high - found.mean == pytest.approx(2.776 * 0.5**0.5, rel=1e-3)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)
    assert found.n == 5


def test_one_round_has_no_interval():
    found = estimate([7.0])
    assert (found.low, found.mean, found.high, found.n) == (7, 7, 7, 1)


def test_nothing_measured_is_an_error():
    with pytest.raises(ValueError, match="no round"):
        estimate([])
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile(list(range(100, 0, -1)), share) == value


def test_a_slope_has_its_error():
    found = slope([0, 1, 2, 3], [5.0, 7.0, 9.0, 11.0])
    assert found.mean == pytest.approx(2)
    assert found.low == pytest.approx(2)
    rough = slope([0, 1, 2, 3], [5.0, 8.0, 8.0, 11.0])
    assert rough.low < rough.mean < rough.high


def test_two_points_are_no_slope():
    with pytest.raises(ValueError, match="three at least"):
        slope([0, 1], [1, 2])
