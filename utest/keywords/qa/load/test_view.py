import io

import pytest

from keywords.engine import clock
from keywords.engine.load.plan import Stage
from keywords.engine.load.sample import Sample
from keywords.engine.machine import Deadline
from keywords.engine.waiting import poll_until
from keywords.qa.load import view
from keywords.qa.load.view import LiveView

STAGES = (Stage(10.0, users=1), Stage(20.0, users=5))


def sample(done, **facts):
    facts = {"t_sent": done - 1, "t_first_content": done - 0.9, "output_tokens": 10, "streamed": True} | facts
    return Sample(0, t_done=done, **facts)


@pytest.fixture
def shown():
    with LiveView(STAGES, warmup_s=5.0, stream=io.StringIO()) as live:
        live.begin(1005.0)
        yield live


def cell(shown, name, after):
    return dict(zip(view._COLUMNS, shown.cells(shown._began + after), strict=True))[name]


def test_the_stage_and_the_time_left_follow_the_plan(shown):
    assert [(cell(shown, "stage", at), cell(shown, "load", at)) for at in (1, 6, 16, 40)] == [
        ("warm-up", "1 user"),
        ("1 of 2", "1 user"),
        ("2 of 2", "5 users"),
        ("draining", "-"),
    ]
    assert [cell(shown, "left", at) for at in (5, 34, 40)] == ["30 s", "1 s", "0 s"]


def test_a_stage_that_requests_end_has_no_time_left(shown):
    shown._stages = (Stage(10.0, users=1), Stage(None, users=5, items=9))
    assert cell(shown, "left", 1) == "-"


def test_rates_are_those_of_the_last_five_seconds(shown):
    old, new = shown._began + 1, shown._began + 10
    shown.add([sample(old)] * 100)
    shown.add([sample(new, output_tokens=20)] * 10)
    assert cell(shown, "requests", 10) == "110"
    assert cell(shown, "req/s", 10) == "2.0"
    assert cell(shown, "tokens/s", 10) == "40"
    assert cell(shown, "TTFT p50", 10) == "100 ms"
    assert cell(shown, "TTFT p95", 10) == "-", "10 values are too few"


def test_errors_are_counted_by_class_and_cancelled_requests_not_at_all(shown):
    now = shown._began + 1
    shown.add([sample(now, error="timeout"), sample(now, error="rate_limited"), sample(now, error="timeout")])
    shown.add([sample(now, cancelled=True)])
    assert cell(shown, "errors", 1) == "2 timeout, 1 rate_limited"
    assert cell(shown, "requests", 1) == "3"


def test_an_answer_that_is_no_stream_has_no_ttft(shown):
    shown.add([sample(shown._began + 1, streamed=False)] * 10)
    assert cell(shown, "TTFT p50", 1) == "-"


def test_without_a_terminal_plain_lines_come(monkeypatch):
    monkeypatch.setattr(view, "PLAIN_EVERY_S", 0.0)
    monkeypatch.setattr(view, "_REFRESH_S", 0.001)
    stream = io.StringIO()
    with LiveView((Stage(10.0, rate=2.5),), stream=stream) as live:
        live.add([sample(clock.now())])
        poll_until(stream.getvalue, lambda text: "requests 1," in text, Deadline(10))
    line = stream.getvalue().splitlines()[-1]
    assert "load 2.5/s" in line
    assert "requests 1," in line
    assert "\x1b" not in line


def test_quiet_shows_nothing(monkeypatch):
    monkeypatch.setattr(view, "PLAIN_EVERY_S", 0.0)
    stream = io.StringIO()
    with LiveView(STAGES, stream=stream, quiet=True) as live:
        live.add([sample(clock.now())])
    assert stream.getvalue() == ""
