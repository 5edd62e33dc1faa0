from keywords.engine.load.calibration import measure_floor


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
