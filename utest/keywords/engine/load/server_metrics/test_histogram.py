"""A histogram answers with the bucket of a percentile, and never with a number within it."""

import math

import pytest

from keywords.engine.load.server_metrics.histogram import read_histogram
from keywords.engine.statistics.percentiles import TooFewValuesError

PAGE = b"""# TYPE t_seconds histogram
t_seconds_bucket{le="0.01",model="a"} 90
t_seconds_bucket{le="0.1",model="a"} 95
t_seconds_bucket{le="+Inf",model="a"} 96
t_seconds_sum{model="a"} 4.0
t_seconds_bucket{le="0.01",model="b"} 4
t_seconds_bucket{le="0.1",model="b"} 4
t_seconds_bucket{le="+Inf",model="b"} 4
t_seconds_sum{model="b"} 1.0
"""


def test_series_are_added_up():
    histogram = read_histogram(PAGE, "t_seconds")
    assert (histogram.n, histogram.total) == (100, 5.0)


def test_a_percentile_in_the_first_bucket_is_below_resolution():
    bounds = read_histogram(PAGE, "t_seconds").percentile(50)
    assert bounds.is_below_resolution
    assert str(bounds) == "below resolution: at most 0.01 s"


def test_a_percentile_is_its_bucket():
    assert str(read_histogram(PAGE, "t_seconds").percentile(95)) == "0.01 to 0.1 s"
    last = read_histogram(PAGE.replace(b"95", b"90"), "t_seconds").percentile(95)
    assert math.isinf(last.high)
    assert str(last) == "above 0.1 s"


def test_too_few_values_are_refused():
    with pytest.raises(TooFewValuesError, match=r"100 values are too few for p99: it needs 299"):
        read_histogram(PAGE, "t_seconds").percentile(99)


def test_an_earlier_reading_is_taken_off():
    histogram = read_histogram(PAGE, "t_seconds")
    assert histogram.since(histogram).n == 0


def test_a_page_without_it_is_refused():
    with pytest.raises(ValueError, match="the page has no histogram other"):
        read_histogram(PAGE, "other")
