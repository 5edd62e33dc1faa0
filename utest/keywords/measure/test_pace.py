"""Each judgement of pace fails for the defect of its kind, and passes without it."""

from dataclasses import replace

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.http.exchange import Exchange
from keywords.engine.http.sse import SseEvent
from keywords.engine.machine import Machine
from keywords.engine.openai.stream import Piece, StreamedAnswer
from keywords.measure import latency as latency_module
from keywords.measure import pace as pace_module
from keywords.measure.latency import Latencies
from keywords.measure.pace import PaceLibrary
from keywords.run import inconclusive

BELOW, EQUAL, AT_MOST = AssertionOperator["<"], AssertionOperator["=="], AssertionOperator["<="]
pace = PaceLibrary()


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    def become(slowdown):
        for module in (pace_module, inconclusive, latency_module):
            monkeypatch.setattr(module, "measure_machine", lambda *_: Machine(2.0 * slowdown, 2, 1.0))

    become(1)
    return become


def stream(*moments, role_at=0.0, done_after=0.01, end_after=0.0, sent_at=0.0):
    """A stream whose pieces were read at these moments."""
    pieces = [Piece(at_s, 0, "x") for at_s in moments]
    done_at = (moments[-1] if moments else role_at) + done_after
    events = [SseEvent(role_at, "{}"), *(SseEvent(at_s, "{}") for at_s in moments), SseEvent(done_at, "[DONE]")]
    exchange = Exchange("POST", "http://x", {}, b"", 0.0, sent_at=sent_at, status=200, total_s=done_at + end_after)
    return StreamedAnswer(
        ["x"],
        ["stop"],
        [],
        None,
        None,
        None,
        closed=True,
        pieces=pieces,
        events=events,
        problems=[],
        model=None,
        exchange=exchange,
    )


STEADY = [0.01 * number for number in range(1, 61)]


def test_a_steady_stream_is_never_silent():
    assert pace.get_longest_silence(stream(*STEADY), BELOW, 1.5) == 0


def test_a_stall_is_found_with_its_place():
    stalled = [*STEADY[:20], *(at_s + 3 for at_s in STEADY[20:])]
    with pytest.raises(AssertionError, match=r"3\.010 s after event 20 of 61, whose median gap is 0\.010 s"):
        pace.get_longest_silence(stream(*stalled), BELOW, 1.5)


def test_a_stall_before_the_closing_mark_is_found():
    with pytest.raises(AssertionError, match="after event 60 of 61"):
        pace.get_longest_silence(stream(*STEADY, done_after=3), BELOW, 1.5)


def test_a_slow_model_is_not_silent():
    assert pace.get_longest_silence(stream(*(2 * at_s * 100 for at_s in STEADY)), BELOW, 1.5) == 0


def test_the_wait_for_the_first_word_is_no_silence_within_the_stream():
    assert pace.get_longest_silence(stream(*(at_s + 5 for at_s in STEADY)), BELOW, 1.5) == 0


def test_a_stall_that_a_busy_machine_explains_is_inconclusive(machine):
    machine(12)
    stalled = [*STEADY[:20], *(at_s + 3 for at_s in STEADY[20:])]
    with pytest.raises(SkipExecution, match=r"INCONCLUSIVE: .*load 24\.0 on 2 cores"):
        pace.get_longest_silence(stream(*stalled), BELOW, 1.5)


def answers(*samples_s):
    return Latencies("answers of 1 tokens", samples_s)


def test_equal_answers_have_no_slow_one_among_them():
    assert pace.get_slow_answers(answers(*[0.1] * 29, 0.5), 0.5, EQUAL, 0) == 0


def test_slow_answers_are_counted_and_shown():
    with pytest.raises(AssertionError, match=r"among 30 .*median 0\.100 s, slow: 5\.10 s, 5\.10 s, 5\.10 s"):
        pace.get_slow_answers(answers(*([0.1] * 9 + [5.1]) * 3), 0.5, EQUAL, 0)


def test_answers_that_are_all_slow_alike_are_not_outliers():
    assert pace.get_slow_answers(answers(*[3.0] * 30, 4.0), 0.5, EQUAL, 0) == 0


def test_slow_answers_on_a_busy_machine_are_inconclusive_unless_they_are_very_slow(machine):
    machine(12)
    with pytest.raises(SkipExecution, match="INCONCLUSIVE"):
        pace.get_slow_answers(answers(*[0.1] * 29, 1.3), 0.5, EQUAL, 0)
    with pytest.raises(AssertionError):
        pace.get_slow_answers(answers(*[0.1] * 29, 5.1), 0.5, EQUAL, 0)


def test_a_stream_that_is_held_open_after_its_closing_mark_is_found():
    assert pace.get_time_after_closing_mark(stream(*STEADY, end_after=0.1), BELOW, 0.5) == pytest.approx(0.1)
    with pytest.raises(AssertionError, match=r"From the stream's \[DONE\] to its end"):
        pace.get_time_after_closing_mark(stream(*STEADY, end_after=2), BELOW, 0.5)


def test_a_stream_without_a_closing_mark_does_not_end_in_time():
    unclosed = stream(*STEADY)
    with pytest.raises(AssertionError, match="there is none"):
        pace.get_time_after_closing_mark(replace(unclosed, events=unclosed.events[:-1]), BELOW, 0.5)


def test_bursts_are_found():
    assert pace.get_largest_burst_share(stream(*STEADY), AT_MOST, 0.3) == pytest.approx(1 / 60)
    bursts = [0.2] * 20 + [0.4] * 20 + [0.6] * 20
    with pytest.raises(AssertionError, match=r"20 of 60 pieces, 3 reads"):
        pace.get_largest_burst_share(stream(*bursts), AT_MOST, 0.3)


def test_streams_that_run_side_by_side_pass():
    pace.streams_should_run_side_by_side([stream(*STEADY, sent_at=0.1 * number) for number in range(4)])


def test_words_that_come_slower_than_people_read_are_found():
    assert pace.get_median_gap(stream(*STEADY), BELOW, 0.15) == pytest.approx(0.01)
    with pytest.raises(AssertionError, match="Median of 59 gaps"):
        pace.get_median_gap(stream(*(30 * at_s for at_s in STEADY)), BELOW, 0.15)
    with pytest.raises(AssertionError, match="several pieces, but came in 1"):
        pace.get_median_gap(stream(0.5), BELOW, 0.15)


def test_streams_that_all_begin_late_do_not_wait_for_each_other():
    pace.streams_should_run_side_by_side([stream(5 + 0.2 * number, 5.01 + 0.2 * number) for number in range(4)])


def test_streams_that_end_at_once_wait_for_nothing():
    pace.streams_should_run_side_by_side([stream(0.1 * number + 0.01, 0.1 * number + 0.02) for number in range(4)])


def test_streams_that_wait_for_each_other_are_found():
    waiting = [stream(*(at_s + number for at_s in STEADY)) for number in range(4)]
    with pytest.raises(AssertionError, match=r"2 of 4 streams .* only after one of them had ended, 0\.61 s after"):
        pace.streams_should_run_side_by_side(waiting)


def test_the_machine_at_the_moment_of_the_slow_answer_counts():
    idle, busy = Machine(0, 2, 1), Machine(0, 2, 12)
    slow_at_15 = tuple([0.1] * 15 + [1.4] + [0.1] * 14)
    with pytest.raises(SkipExecution, match="INCONCLUSIVE"):
        pace.get_slow_answers(Latencies("answers", slow_at_15, (idle,) * 15 + (busy,) + (idle,) * 14), 0.5, EQUAL, 0)
    with pytest.raises(AssertionError):
        pace.get_slow_answers(Latencies("answers", slow_at_15, (busy,) * 12 + (idle,) * 18), 0.5, EQUAL, 0)


def test_an_answer_that_is_slow_because_this_process_stood_still_is_inconclusive():
    idle, slow_at_15 = (Machine(0, 2, 1),) * 30, tuple([0.1] * 15 + [1.4] + [0.1] * 14)
    stalls = tuple([0.0] * 15 + [1.0] + [0.0] * 14)
    with pytest.raises(SkipExecution, match="INCONCLUSIVE"):
        pace.get_slow_answers(Latencies("answers", slow_at_15, idle, stalls), 0.5, EQUAL, 0)
    with pytest.raises(AssertionError):
        pace.get_slow_answers(Latencies("answers", slow_at_15, idle, stalls[::-1]), 0.5, EQUAL, 0)


def test_the_same_question_is_asked_again(gateway):
    measured = pace.ask_again("Say hello.", times=3)
    assert len(measured.stalls_s) == 3
    assert len(measured.samples_s) == 3
    assert [body["max_tokens"] for body in gateway.bodies] == [1] * 4


def test_streams_are_asked_for_together(gateway, make):
    gateway.streams(*make.good_stream)
    assert [each.text for each in pace.stream_together("Hello", times=2, max_tokens=50)] == ["Héllo"] * 2


def test_streams_at_once_wait_for_a_server_that_answers_one_after_the_other(gateway, make):
    gateway.streams(*make.good_stream)
    pace.stream_together("Hello", times=3, max_tokens=50)
    assert {each.extensions["timeout"]["read"] > 15 + 3 * 50 * 0.4 for each in gateway.asked} == {True}
