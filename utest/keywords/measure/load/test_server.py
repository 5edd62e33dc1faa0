"""The server's own words during a load run, beside the client's counts."""

import pytest
from assertionengine import AssertionOperator

from keywords.engine.load.disturbance import Happened
from keywords.engine.load.server_metrics.signals import SignalValue
from keywords.measure.load.disturbances import DisturbancesLibrary
from keywords.measure.load.server import LoadServerLibrary

LIBRARY, DISTURBANCES = LoadServerLibrary(), DisturbancesLibrary()
EQUAL, LESS = AssertionOperator["=="], AssertionOperator["<"]


def value(at_s, signal, number, **labels):
    return SignalValue(at_s, signal, signal, labels, float(number))


def run_of(made, *signals, count=4):
    return made.run([made.sample(number) for number in range(count)], signals=signals)


def test_series_of_one_moment_are_added_up(made):
    run = run_of(
        made,
        value(0.0, "in_flight", 0),
        value(0.5, "in_flight", 3, worker="0"),
        value(0.5, "in_flight", 4, worker="1"),
        value(1.0, "in_flight", 1),
    )
    assert LIBRARY.get_server_signal(run, "in_flight", "max", EQUAL, 7) == 7
    assert LIBRARY.get_server_signal(run, "in_flight", "last") == 1
    assert LIBRARY.get_server_signal(run, "in_flight", "min") == 0


def test_a_signal_that_the_server_lacks_is_never_0(made):
    with pytest.raises(AssertionError, match="says nothing: its page has none of the names of waiting"):
        LIBRARY.get_server_signal(run_of(made, value(0, "in_flight", 0)), "waiting", "max")
    with pytest.raises(AssertionError, match="says nothing: /metrics answered 404"):
        LIBRARY.get_server_signal(run_of(made), "waiting", "max")


def test_counts_agree_if_each_request_is_counted_once(made):
    grown = value(0.0, "requests", 5), value(1.0, "requests", 9)
    LIBRARY.counts_should_agree(run_of(made, *grown), ledger=4)
    with pytest.raises(AssertionError, match="the server's own counter counted 4 requests, and the client sent 3"):
        LIBRARY.counts_should_agree(run_of(made, *grown, count=3))
    with pytest.raises(AssertionError, match="ledger counted 3 requests"):
        LIBRARY.counts_should_agree(run_of(made, *grown), ledger=3)


def test_attempts_are_counted_for_each_request(made):
    run = run_of(made, value(0.0, "requests", 10), value(1.0, "requests", 20), value(1.0, "attempts", 15))
    assert DISTURBANCES.get_attempts_per_request(run, LESS, 2) == 1.5
    with pytest.raises(AssertionError, match="metrics tell of no request: /metrics answered 404"):
        DISTURBANCES.get_attempts_per_request(run_of(made))


def test_the_impact_of_a_disturbance_is_measured_from_its_first_action(made):
    samples = [made.sample(number) for number in range(40)]
    samples[20] = made.sample(20, error="cut")
    run = made.run(samples, happened=[Happened(2.0, "down"), Happened(3.0, "up")])
    impact = DISTURBANCES.measure_impact(run)
    with pytest.raises(AssertionError, match=r"Lost requests of 22 should be 0, got 1; 1 cut"):
        DISTURBANCES.get_lost_requests(impact, EQUAL, 0)
    assert DISTURBANCES.get_seconds_to_recover(run, impact, LESS, 0.5) == pytest.approx(0.2)
    assert DISTURBANCES.get_slowest_first_content_during_disturbance(run, impact) == pytest.approx(0.1)


def test_a_run_without_a_disturbance_has_no_impact(made):
    with pytest.raises(ValueError, match="had no disturbance: plan one"):
        DISTURBANCES.measure_impact(run_of(made))


def test_a_signal_drifts_from_the_first_stage_to_the_last(made):
    signals = [value(at_s, "memory", 100 if at_s < 4 else 130) for at_s in (0.5, 1.5, 4.5, 5.5)]
    run = made.run([made.sample(0)], signals=signals, windows=((0, 2), (2, 4), (4, 6)))
    assert LIBRARY.get_signal_drift(run, "memory") == 1.3
    with pytest.raises(AssertionError, match=r"Median of memory in the last stage \(130\) over that in the first"):
        LIBRARY.get_signal_drift(run, "memory", LESS, 1.1)
    with pytest.raises(AssertionError, match="should say its waiting in the first and the last stage"):
        LIBRARY.get_signal_drift(run, "waiting")
