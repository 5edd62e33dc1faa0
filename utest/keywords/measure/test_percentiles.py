"""Percentiles of a row's own numbers: of enough of them, of any kind of number, and with an assertion."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator

from keywords.measure.latency import LatencyLibrary
from keywords.measure.percentiles import PercentilesLibrary

LESS = AssertionOperator["<"]
LIBRARY = PercentilesLibrary()


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4, 5],
        [5.0, "4", 3, "2.0", 1],
        tuple(timedelta(seconds=number) for number in range(1, 6)),
    ],
)
def test_numbers_of_any_kind_have_a_percentile(numbers):
    assert LIBRARY.get_percentile(numbers, "p50") == 3
    assert LIBRARY.get_percentile(numbers, "max", LESS, 6) == 5


@pytest.mark.parametrize(("statistic", "needed"), [("p50", 5), ("p90", 29), ("p95", 59), ("p99", 299), ("max", 1)])
def test_too_few_numbers_are_refused(statistic, needed):
    assert LIBRARY.get_percentile(list(range(needed)), statistic) is not None
    with pytest.raises(ValueError, match=f"it needs {needed}|no largest"):
        LIBRARY.get_percentile(list(range(needed - 1)), statistic)


def test_a_percentile_is_compared_and_the_largest_are_shown():
    with pytest.raises(AssertionError, match=r"^The p50 of 6 numbers should be less than 2, got 3\.0; the largest"):
        LIBRARY.get_percentile([1, 2, 3, 4, 5, 6], "p50", LESS, 2)


@pytest.mark.parametrize("numbers", ["1 2 3", 7, None, {"a": 1}])
def test_what_is_no_list_is_refused_in_a_sentence(numbers):
    with pytest.raises(TypeError, match="Expected a list of numbers, got"):
        LIBRARY.get_percentile(numbers, "p50")


@pytest.mark.parametrize("odd", ["slow", None, True, float("nan"), float("inf"), [1]])
def test_an_item_that_is_no_number_is_named(odd):
    with pytest.raises(TypeError, match="Expected item 2 of the numbers to be a number or a time"):
        LIBRARY.get_percentile([1, odd, 3, 4, 5], "p50")


def test_durations_come_from_answers():
    answers = [SimpleNamespace(total_s=1.5), SimpleNamespace(total_s=0.5)]
    assert LIBRARY.get_durations(answers) == [1.5, 0.5]


@pytest.mark.parametrize("latencies", [[0.1] * 60, None, "0.1", SimpleNamespace(samples_s=(1.0,))])
def test_get_latency_says_what_it_takes(latencies):
    with pytest.raises(TypeError, match=r"Get Latency takes what Send Probes returns, got .* Get Percentile"):
        LatencyLibrary().get_latency(latencies, "p95")
