"""Stages of Locust last as long as they were asked to."""

import pytest

from keywords.engine.load.locust.ticks import stage_at


@pytest.mark.parametrize("late_s", [-0.05, 0.0, 0.05, 0.4])
def test_a_tick_beside_its_moment_belongs_to_the_stage_of_that_moment(late_s):
    ticks = [max(0.0, number + late_s) for number in range(6)]
    assert [stage_at(tick, 2) for tick in ticks] == [0, 0, 1, 1, 2, 2]
    assert [stage_at(tick, 1) for tick in ticks] == [0, 1, 2, 3, 4, 5]
