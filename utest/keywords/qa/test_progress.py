"""The progress of a run on the console."""

import io

import pytest

from keywords.qa.progress import Progress
from keywords.run.shared_run import Plan, PlannedSuite

PLAN = Plan(
    (
        PlannedSuite("s1", "All", ()),
        PlannedSuite("s1-s1", "All.One", (("a", ()), ("b", ()))),
        PlannedSuite("s1-s2", "All.Two", (("c", ()), ("d", ()))),
    )
)


def ended(row, suite="All.One", status="PASS", message="", evidence=""):
    return {"row": row, "suite": suite, "status": status, "message": message, "seconds": 1.0, "evidence": evidence}


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("keywords.qa.progress.clock.now", lambda: now[0])
    return now


def shown(clock, events, *, kind="progress", seconds=None, step_s=10.0, stream=None):  # noqa: PLR0913
    """What the console shows of rows that end one after the other, each `step_s` after the one before it."""
    stream = stream or io.StringIO()
    with Progress(seconds or {}, kind, stream=stream) as progress:
        progress.begin(PLAN)
        for event in events:
            clock[0] += step_s
            progress.add(event)
            progress.refresh()
    return stream.getvalue()


def test_away_from_a_terminal_a_line_comes_every_fifteen_seconds(clock):
    text = shown(clock, [ended("a"), ended("b"), ended("c", "All.Two"), ended("d", "All.Two", "SKIP")])
    assert text.splitlines() == [
        "2 of 4 rows, 0 failed, about 20 s left",
        "4 of 4 rows, 0 failed, 1 skipped, about 0 s left",
        "4 of 4 rows, 0 failed, 1 skipped in 40 s",
    ]


def test_the_rest_is_estimated_by_the_suites_durations(clock):
    # The first suite took 30 s, the second 90 s: after the first, three quarters are left.
    text = shown(clock, [ended("a"), ended("b")], seconds={"All.One": 30, "All.Two": 90})
    assert text.splitlines()[0] == "2 of 4 rows, 0 failed, about 1 min 0 s left"


def test_a_suite_that_is_new_counts_as_rows_usually_do(clock):
    text = shown(clock, [ended("a"), ended("b")], seconds={"All.One": 30})
    assert text.splitlines()[0] == "2 of 4 rows, 0 failed, about 20 s left"


def test_failures_are_shown_as_they_come_with_their_evidence(clock):
    failed = ended("b", status="FAIL", message="1 of\n2 lines", evidence="[evidence/b/index.html|1 exchange]")
    text = shown(clock, [ended("a"), failed], step_s=1.0)
    assert text.splitlines()[:4] == [
        "FAIL  All.One :: b",
        "      1 of",
        "      2 lines",
        "      Evidence: evidence/b/index.html",
    ]


def test_suites_that_took_no_time_leave_no_estimate(clock):
    text = shown(clock, [ended("a"), ended("b")], seconds={"All.One": 0.0, "All.Two": 0.0})
    assert text.splitlines()[0] == "2 of 4 rows, 0 failed"


def test_a_failure_without_a_message_keeps_its_name(clock):
    text = shown(clock, [ended("a", status="FAIL"), ended("b", status="FAIL")], step_s=1.0)
    assert text.splitlines()[:2] == ["FAIL  All.One :: a", "FAIL  All.One :: b"]


def test_rows_that_fail_for_one_reason_show_it_once(clock):
    events = [ended(row, status="FAIL", message="no server\nat all") for row in "abcd"]
    text = shown(clock, events, step_s=1.0)
    assert text.count("at all") == 1
    assert "FAIL  3 more rows: no server" in text.splitlines()


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("none", []),
        ("quiet", ["FAIL  All.One :: b", "      no"]),
        (
            "verbose",
            ["PASS  All.One :: a (1.0 s)", "FAIL  All.One :: b", "      no", "2 of 4 rows, 1 failed in 2 s"],
        ),
    ],
)
def test_the_console_shows_as_much_as_was_asked_for(clock, kind, lines):
    events = [ended("a"), ended("b", status="FAIL", message="no")]
    assert shown(clock, events, kind=kind, step_s=1.0).splitlines() == lines


def test_what_several_processes_warn_of_is_shown_once(capsys):
    stream = io.StringIO()
    with Progress({}, stream=stream) as progress:
        for process in (1, 2):
            progress.print_line("a row's words")
            progress.warn(process, "[ WARN ] old")
            progress.warn(process, f"Traceback of {process}:")
            progress.warn(process, "  line 1")
        progress.warn(1, "  line 1")
    assert stream.getvalue().splitlines() == ["a row's words", "a row's words"]
    shown = ["[ WARN ] old", "Traceback of 1:", "  line 1", "Traceback of 2:", "  line 1"]
    assert capsys.readouterr().err.splitlines() == shown


def test_a_terminal_has_one_live_line_and_at_the_end_the_counts(clock):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    text = shown(clock, [ended("a"), ended("b")], stream=Terminal())
    assert "2 of 4 rows, 0 failed, about 20 s left" in text
    assert text.rstrip().endswith("2 of 4 rows, 0 failed in 20 s")
    # Robot's words are no markup.
    assert "[b]x[/b]" in shown(clock, [ended("a", status="FAIL", message="[b]x[/b]")], stream=Terminal())
