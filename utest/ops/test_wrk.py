import pytest

from ops.bench.race import wrk
from ops.bench.race.laps import load_figures

OUTPUT = """Running 1s test @ http://127.0.0.1:1/v1/chat/completions
  1 threads and 32 connections
  2905 requests in 1.00s, 1.20MB read
Requests/sec:   2900.00
RESULT 2905 1001724 10250.000000 23400.000000 5
"""


def test_the_result_is_read_in_seconds_and_milliseconds():
    load = wrk.parse(OUTPUT)
    assert load == wrk.Load(requests=2905, seconds=1.001724, p50_ms=10.25, p99_ms=23.4, errors=5)
    assert load.per_s == pytest.approx(2900 / 1.001724)


def test_a_run_of_refusals_alone_has_no_throughput():
    assert wrk.parse("RESULT 10 1000000 1.0 2.0 12").per_s == 0


@pytest.mark.parametrize(
    ("requests", "p50_ms", "p99_ms"), [(299, 10.0, 20.0), (298, 10.0, None), (5, 10.0, None), (4, None, None)]
)
def test_a_percentile_of_too_few_answers_is_none(requests, p50_ms, p99_ms):
    load = wrk.parse(f"RESULT {requests} 1000000 10000.0 20000.0 0")
    assert (load.p50_ms, load.p99_ms) == (p50_ms, p99_ms)
    assert ("p99_ms@1" in load_figures(load, 1)) == (p99_ms is not None)


def test_no_result_is_an_error_with_the_output_of_wrk():
    with pytest.raises(wrk.WrkError, match="unable to connect"):
        wrk.parse("unable to connect to 127.0.0.1:1 Connection refused")


def test_the_script_sends_the_body_and_every_header(tmp_path):
    wrk.write_script(tmp_path / "post.lua", '{"a": [[1]]}', {"authorization": "Bearer k", "x-a": "b"})
    script = (tmp_path / "post.lua").read_text()
    assert 'wrk.body = [==[{"a": [[1]]}]==]' in script
    assert 'wrk.headers["authorization"] = "Bearer k"\nwrk.headers["x-a"] = "b"\n' in script
    assert 'string.format("RESULT %d %d %f %f %d\\n"' in script
