"""A disturbance does its actions in time; its impact counts what failed, what was late, and until when."""

import threading

import pytest

from keywords.engine import clock
from keywords.engine.load.disturbance import Action, Disturbance, measure_impact
from keywords.engine.load.sample import Sample
from keywords.engine.load.storage.columns import columns_of


def sample(at, ttft_s=0.02, error=None):
    done = at + ttft_s + 0.01
    first = None if error else at + ttft_s
    return Sample(item=int(at * 100), t_intended=at, t_sent=at, t_first_content=first, t_done=done, error=error)


def steady(start, end):
    return [sample(start + number / 10) for number in range(round((end - start) * 10))]


def test_what_failed_is_lost_and_the_time_of_recovery_is_that_of_the_last_failure():
    run = [*steady(0, 2), sample(2.0, error="cut"), sample(2.5, error="overloaded"), *steady(3, 5)]
    impact = measure_impact(columns_of(run), begin=2.0, end=2.0)
    assert (impact.requests, impact.lost, impact.errors) == (22, 2, {"cut": 1, "overloaded": 1})
    assert impact.recovered_after_s == pytest.approx(0.53)
    assert impact.ttft_before_s == pytest.approx(0.02)


def test_a_late_first_text_counts_as_not_recovered():
    impact = measure_impact(columns_of([*steady(0, 2), sample(2.0, 0.3), *steady(2.5, 4)]), begin=2.0, end=2.4)
    assert impact.lost == 0
    assert impact.recovered_after_s == pytest.approx(0.31)
    assert impact.ttft_during_s == pytest.approx((0.3,))


def test_a_run_that_never_was_felt_recovers_at_once():
    assert measure_impact(columns_of(steady(0, 4)), begin=2.0, end=2.0).recovered_after_s == 0


def test_a_run_that_ends_badly_did_not_recover():
    assert measure_impact(
        columns_of([*steady(0, 2), sample(3.0, error="cut")]), begin=2, end=2
    ).recovered_after_s == float("inf")


def test_a_request_under_way_at_the_begin_counts():
    run = [*steady(0, 1), Sample(item=1, t_intended=1.9, t_sent=1.9, t_done=2.1, error="cut"), *steady(3, 4)]
    assert measure_impact(columns_of(run), begin=2.0, end=2.0).lost == 1


@pytest.mark.parametrize(
    ("run", "said"), [(steady(2, 4), "ended well before"), (steady(0, 1), "ended after the begin of")]
)
def test_a_run_without_a_before_or_an_after_is_refused(run, said):
    with pytest.raises(ValueError, match=f"no request {said} the disturbance"):
        measure_impact(columns_of(run), begin=2.0, end=2.0)


def test_actions_are_done_in_order_and_in_time():
    done = threading.Event()
    acts = []
    later = Action(0.05, "up", lambda: (acts.append("up"), done.set()))
    disturbance = Disturbance(later, Action(0.0, "down", lambda: acts.append("down")))
    started = clock.now()
    disturbance.start(started)
    assert done.wait(5)
    disturbance.stop()
    assert acts == ["down", "up"]
    assert [each.what for each in disturbance.happened] == ["down", "up"]
    assert disturbance.happened[1].at_s >= started + 0.05


def test_a_stopped_disturbance_does_nothing_more():
    disturbance = Disturbance(Action(60, "never", lambda: pytest.fail("it was done")))
    disturbance.start(clock.now())
    disturbance.stop()
    assert disturbance.happened == []


def test_an_action_that_fails_is_kept():
    reached = threading.Event()
    disturbance = Disturbance(Action(0, "broken", lambda: (reached.set(), 1 / 0)))
    disturbance.start(clock.now())
    assert reached.wait(5)
    disturbance.stop()
    assert isinstance(disturbance.failure, ZeroDivisionError)
    assert disturbance.happened == []
