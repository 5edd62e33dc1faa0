"""The band of a distribution function is Massart's."""

import pytest

from keywords.engine.statistics.bands import distribution_band


def test_the_band_of_a_hundred_values_is_known():
    assert distribution_band(100) == pytest.approx(0.13581, abs=1e-5)


def test_four_times_the_values_halve_it():
    assert distribution_band(400) == pytest.approx(distribution_band(100) / 2)


@pytest.mark.parametrize(("n", "confidence"), [(0, 0.95), (5, 1.0), (5, 0.0)])
def test_impossible_arguments_are_refused(n, confidence):
    with pytest.raises(ValueError, match="must"):
        distribution_band(n, confidence)
