"""Distributions give the values that their names promise, and cut them off at their bounds without piling them up."""

import pytest
from pydantic import TypeAdapter

from keywords.engine.load.workload.distributions import Length, Pause, draw_count, draw_value, pick

STEPS = [(step + 0.5) / 1000 for step in range(1000)]


def counts(value):
    length = TypeAdapter(Length).validate_python(value)
    return [draw_count(length, u) for u in STEPS]


def test_a_constant():
    assert set(counts(7)) == {7}


def test_uniform_values_include_both_bounds():
    drawn = counts({"distribution": "uniform", "min": 3, "max": 6})
    assert {value: drawn.count(value) for value in set(drawn)} == dict.fromkeys((3, 4, 5, 6), 250)


def test_normal_values_have_mean_and_deviation():
    drawn = counts({"distribution": "normal", "mean": 500, "sd": 100, "min": 1, "max": 1000})
    assert sum(drawn) / 1000 == pytest.approx(500, abs=1)
    assert sum(400 <= value <= 600 for value in drawn) == pytest.approx(683, abs=3)


def test_lognormal_values_have_their_median_and_95th_percentile():
    drawn = counts({"distribution": "lognormal", "median": 200, "p95": 900, "min": 1, "max": 100_000})
    assert drawn[499] <= 200 <= drawn[500]
    assert drawn[949] <= 900 <= drawn[950]


@pytest.mark.parametrize(
    "value",
    [
        {"distribution": "lognormal", "median": 200, "p95": 900, "min": 150, "max": 300},
        {"distribution": "normal", "mean": 200, "sd": 100, "min": 150, "max": 300},
    ],
)
def test_a_cut_distribution_is_not_piled_up_at_its_bounds(value):
    drawn = counts(value)
    assert (min(drawn), max(drawn)) == (150, 300)
    assert drawn == sorted(drawn)
    assert max(drawn.count(150), drawn.count(300)) < 10


def test_bounds_far_out_in_a_tail_are_held():
    drawn = counts({"distribution": "normal", "mean": 1000, "sd": 1, "min": 1, "max": 9})
    assert set(drawn) <= set(range(1, 10))
    drawn = counts({"distribution": "normal", "mean": 1, "sd": 1, "min": 100, "max": 109})
    assert set(drawn) <= set(range(100, 110))


def test_a_choice_by_weights():
    drawn = counts({"distribution": "choice", "values": [10, 20, 30], "weights": [1, 2, 7]})
    assert [drawn.count(value) for value in (10, 20, 30)] == [100, 200, 700]
    assert set(counts({"distribution": "choice", "values": [5, 6]})) == {5, 6}


def test_pauses_have_units():
    pause = TypeAdapter(Pause).validate_python({"distribution": "uniform", "min": "500 ms", "max": "2 s"})
    assert [draw_value(pause, u) for u in (0, 0.5)] == [0.5, 1.25]
    assert draw_value(TypeAdapter(Pause).validate_python("2 s"), 0.9) == 2


def test_a_pick_never_leaves_the_list():
    assert pick(1 - 2**-53, (0.1,) * 10) == 9
    assert pick(0.0, (1, 1)) == 0
