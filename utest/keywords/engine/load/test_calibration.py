from types import SimpleNamespace

import pytest

from keywords.engine.load.calibration import floor_of, measure_floor
from keywords.engine.load.plan import Stage
from utest.keywords.engine.load.metrics.samples import answer, failure

STAGES = (Stage(2.0, users=1), Stage(2.0, users=5))
FACTS = SimpleNamespace(stage_bounds=((0.0, 2.0), (2.0, 4.0)), clients=[SimpleNamespace(cpu_s=0.001)])
ONE = [answer(at / 2, chunks=2) for at in range(3)]


def test_the_floor_is_measured_with_one_user_and_with_as_many_as_the_run_has():
    floor = measure_floor(4, duration_s=0.2)
    assert (floor.alone.users, floor.together.users) == (1, 4)
    for level in (floor.alone, floor.together):
        assert level.requests > 5
        assert 0 < level.ttft.median_s <= level.ttft.worst_s <= level.e2e.worst_s
        assert 0 <= level.chunk_gap.median_s <= level.chunk_gap.worst_s
        assert level.chunks_per_s > level.rps > 0
    assert floor.cpu_us_per_request > floor.cpu_us_per_chunk > 0
    assert measure_floor(4, duration_s=0.2) is floor


def test_answers_after_the_end_of_a_stage_are_no_throughput():
    five = [answer(2 + at / 2, chunks=2, stage=1) for at in range(5)]
    floor = floor_of([*ONE, *five], STAGES, FACTS)
    assert (floor.together.requests, floor.together.rps) == (5, 2.0)
    assert floor.cpu_us_per_request == pytest.approx(125)


@pytest.mark.parametrize(
    ("more", "message"), [([failure()], "the scripted backend failed"), ([], "no request of 5 users was answered")]
)
def test_a_floor_that_could_not_be_measured_is_none(more, message):
    with pytest.raises(RuntimeError, match=message):
        floor_of([*ONE, *more], STAGES, FACTS)
