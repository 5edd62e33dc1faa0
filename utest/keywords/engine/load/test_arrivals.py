"""Arrivals follow their process exactly, are the same for the same seed, and are rescaled to nothing."""

import numpy as np
import pytest

from keywords.engine.load.arrivals import draw_arrivals
from keywords.engine.load.errors import ArrivalsError
from keywords.engine.load.plan import Stage

MINUTES = [Stage(duration_s=600, rate=10)]


def test_constant_intervals_are_exactly_even():
    arrivals = draw_arrivals([Stage(duration_s=1000, rate=3)], "constant")
    assert len(arrivals) == 3000
    assert arrivals.at_s.tolist() == [number / 3 for number in range(3000)]


def test_each_stage_begins_at_its_time():
    arrivals = draw_arrivals([Stage(duration_s=2, rate=1), Stage(duration_s=2, rate=2)], "constant", warmup_s=1)
    assert arrivals.at_s.tolist() == [-1, 0, 1, 2, 2.5, 3, 3.5]
    assert arrivals.stage.tolist() == [-1, 0, 0, 1, 1, 1, 1]
    assert arrivals.at_s.dtype == np.float64
    assert arrivals.stage.dtype == np.int32


@pytest.mark.parametrize(("process", "burstiness"), [("poisson", 1.0), ("gamma", 0.25), ("gamma", 4.0)])
def test_random_intervals_have_their_mean_and_their_spread(process, burstiness):
    intervals = np.diff(draw_arrivals(MINUTES, process, burstiness=burstiness, seed=3).at_s)
    assert intervals.mean() == pytest.approx(0.1, rel=0.06)
    # Of gamma intervals with the shape k, the standard deviation over the mean is 1 / sqrt(k).
    assert intervals.std() / intervals.mean() == pytest.approx(burstiness**-0.5, rel=0.06)
    assert (intervals >= 0).all()


def test_poisson_intervals_are_exponential():
    intervals = np.diff(draw_arrivals(MINUTES, seed=5).at_s)
    # The share above the mean of an exponential distribution is 1 / e; of gamma intervals it is another.
    assert (intervals > intervals.mean()).mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_the_drawn_number_varies_around_the_expected_one():
    drawn = [draw_arrivals([Stage(duration_s=100, rate=4)], seed=seed) for seed in range(200)]
    counts = np.array([len(arrivals) for arrivals in drawn])
    assert {arrivals.expected for arrivals in drawn} == {400}
    # A Poisson count of the mean 400 has the standard deviation 20; a rescaled list would have 0.
    assert counts.mean() == pytest.approx(400, abs=6)
    assert counts.std() == pytest.approx(20, rel=0.2)
    assert all((arrivals.at_s < 100).all() for arrivals in drawn)


def test_expected_and_drawn_numbers_are_said():
    arrivals = draw_arrivals([Stage(duration_s=100, rate=4)], seed=1)
    assert arrivals.description == f"poisson, seed 1, 400 expected, {len(arrivals)} drawn"
    gamma = draw_arrivals([Stage(duration_s=1, rate=4)], "gamma", burstiness=0.5)
    assert gamma.description.startswith("gamma, burstiness 0.5, seed 0, 4 expected")


def test_the_same_seed_gives_the_same_arrivals_bit_by_bit():
    one, same, other = (draw_arrivals(MINUTES, seed=seed) for seed in (7, 7, 8))
    assert one.at_s.tobytes() == same.at_s.tobytes()
    assert one.sha256 == same.sha256 != other.sha256


def test_a_stage_does_not_change_the_next_one():
    second = Stage(duration_s=50, rate=5)
    short = draw_arrivals([Stage(duration_s=10, rate=5), second], seed=1)
    long = draw_arrivals([Stage(duration_s=20, rate=5), second], seed=1)
    assert short.at_s[short.stage == 1] - 10 == pytest.approx(long.at_s[long.stage == 1] - 20)


def test_a_stage_that_ends_by_its_items():
    assert len(draw_arrivals([Stage(duration_s=None, rate=5, items=17)])) == 17
    assert len(draw_arrivals([Stage(duration_s=1000, rate=5, items=17)])) == 17
    assert len(draw_arrivals([Stage(duration_s=2, rate=5, items=17)], "constant")) == 10


@pytest.mark.parametrize(
    ("stages", "options", "message"),
    [
        ([], {}, "there is no stage; give at least one rate"),
        ([Stage(duration_s=1, rate=0)], {}, "stage 0 has the rate 0; give more than 0 requests per second"),
        ([Stage(duration_s=1, users=3)], {}, "stage 0 has the rate None"),
        ([Stage(duration_s=None, rate=1)], {}, "stage 0 has no duration"),
        ([Stage(duration_s=None, rate=1, items=2), MINUTES[0]], {}, "stage 0 has no duration; only the last stage may"),
        ([Stage(duration_s=0, rate=1)], {}, "stage 0 lasts 0 s; give more than 0"),
        (MINUTES, {"warmup_s": -1}, "the warm-up lasts -1 s; give 0 or more"),
        (
            [Stage(duration_s=3600, rate=1e6)],
            {},
            "that is 3.6e+09 requests; give rates and times of at most 20,000,000",
        ),
        ([Stage(None, rate=1, items=10**40)], {}, "that is 1e+40 requests"),
        (MINUTES, {"seed": -1}, "seed is -1; give 0 or more"),
        (MINUTES, {"process": "gamma", "burstiness": 0}, "burstiness is 0 with gamma arrivals; give more than 0"),
        (MINUTES, {"burstiness": 2}, "burstiness is 2 with poisson arrivals; give more than 0, and gamma arrivals"),
        (MINUTES, {"process": "uniform"}, "arrivals are 'uniform'; write one of constant, poisson, gamma"),
    ],
)
def test_what_cannot_be_drawn(stages, options, message):
    with pytest.raises(ArrivalsError) as error:
        draw_arrivals(stages, **options)
    assert str(error.value).startswith(message)
