from types import SimpleNamespace

from keywords.engine.load.calibration import _floor_level, measure_floor
from utest.keywords.engine.load.metrics.samples import answer


def test_the_floor_is_measured_with_one_user_and_with_as_many_as_the_run_has():
    floor = measure_floor(4, duration_s=0.2)
    assert (floor.alone.users, floor.together.users) == (1, 4)
    for level in (floor.alone, floor.together):
        assert level.requests > 5
        assert 0 < level.ttft_s[0] <= level.ttft_s[1] <= level.e2e_s[1]
        assert 0 <= level.chunk_gap_s[0] <= level.chunk_gap_s[1]
        assert level.chunks_per_s > level.rps > 0
        assert level.cpu_us_per_request > level.cpu_us_per_chunk > 0
    assert "1 user: time to first content p50" in str(floor)
    assert "4 users: " in str(floor)
    assert measure_floor(4, duration_s=0.2) is floor


def test_answers_after_the_end_are_no_throughput():
    facts = SimpleNamespace(started=0.0, ended=2.0, clients=[SimpleNamespace(cpu_s=0.001)])
    level = _floor_level(5, [answer(at / 2, chunks=2) for at in range(5)], 5, facts)
    assert (level.requests, level.rps) == (5, 2.0)
