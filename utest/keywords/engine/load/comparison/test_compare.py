from dataclasses import replace
from math import inf, isinf

import numpy as np
import pytest

from keywords.engine.load.comparison.compare import DIFFERENT_MACHINES, compare
from keywords.engine.load.comparison.metrics import METRICS
from keywords.engine.load.comparison.series import Series
from keywords.engine.load.comparison.verdicts import Verdict
from utest.keywords.engine.load.comparison.made import series, spread

OLD = series("old", {"e2e_p50": spread(0.2), "rps": spread(50)})


def new(e2e=0.2, rps=50, count=5, **facts):
    return series("new", {"e2e_p50": spread(e2e, count), "rps": spread(rps, count)}, first_run=11, **facts)


def verdicts(comparison):
    return {each.metric.name: each.verdict for each in comparison.metrics}


def test_a_second_series_with_longer_times_is_slower():
    found = compare(OLD, new(e2e=0.3))
    assert found.verdict is Verdict.SLOWER
    assert verdicts(found) == {"e2e_p50": Verdict.SLOWER, "rps": Verdict.SAME}
    shift = found.metrics[0].shift
    assert shift.value == pytest.approx(0.5, abs=0.01)
    assert 0.4 < shift.low < shift.value < shift.high < 0.6
    assert found.metrics[0].absolute.value == pytest.approx(0.1, abs=0.002)
    assert found.metrics[0].p == pytest.approx(2 / 252)
    assert found.metrics[0].adjusted_p == pytest.approx(2 * 2 / 252)


def test_one_with_shorter_times_is_faster():
    assert compare(OLD, new(e2e=0.15)).verdict is Verdict.FASTER


def test_one_with_fewer_answers_per_second_is_slower():
    assert verdicts(compare(OLD, new(rps=40)))["rps"] is Verdict.SLOWER
    assert verdicts(compare(OLD, new(rps=60)))["rps"] is Verdict.FASTER


def test_one_with_the_same_times_is_the_same():
    assert compare(OLD, new(e2e=0.201)).verdict is Verdict.SAME


def test_a_shift_that_is_sure_and_small_is_no_practical_difference():
    sure = series("new", {"e2e_p50": spread(0.204, step=0.0005)})
    found = compare(series("old", {"e2e_p50": spread(0.2, step=0.0005)}), sure)
    assert found.metrics[0].p < 0.05
    assert found.verdict is Verdict.SAME


def test_a_shift_near_its_threshold_is_inconclusive_and_says_what_would_tell():
    found = compare(OLD, new(e2e=0.205))
    assert found.verdict is Verdict.INCONCLUSIVE
    (unclear,) = [each for each in found.metrics if each.verdict is Verdict.INCONCLUSIVE]
    assert 5 < unclear.runs_needed < 30


def test_what_is_slower_weighs_more_than_what_is_faster():
    found = compare(OLD, new(e2e=0.1, rps=40))
    assert found.verdict is Verdict.SLOWER
    assert verdicts(found)["e2e_p50"] is Verdict.FASTER


def test_fewer_than_five_runs_a_side_show_the_shift_and_prove_nothing():
    found = compare(OLD, new(e2e=2.0, count=4))
    assert found.verdict is Verdict.INCONCLUSIVE
    shift = found.metrics[0].shift
    assert shift.value == pytest.approx(9, abs=0.2)
    assert (shift.low, isinf(shift.high)) == (-1, True)
    assert found.metrics[0].runs_needed == 5


def test_significance_is_shared_among_the_metrics():
    figures = {name: spread(1.0) for name in METRICS}
    slower = {name: spread(1.5) for name in METRICS} | {"rps": spread(0.5)}
    assert compare(series("old", figures), series("new", slower)).verdict is Verdict.SLOWER
    seven = dict(METRICS) | {"more": replace(METRICS["e2e_p50"], name="more")}
    wide = (figures | {"more": spread(1.0)}, slower | {"more": spread(1.5)})
    found = compare(series("old", wide[0]), series("new", wide[1]), metrics=seven)
    assert found.verdict is Verdict.INCONCLUSIVE, "7 metrics need 6 runs a side"


def test_a_server_that_answers_nothing_is_slower():
    nothing = series("new", {"e2e_p50": [inf] * 5, "rps": [0.0] * 5, "error_rate": [1.0] * 5})
    old = series("old", {"e2e_p50": spread(0.2), "rps": spread(50), "error_rate": [0.0] * 5})
    assert set(verdicts(compare(old, nothing)).values()) == {Verdict.SLOWER}


def test_figures_that_never_differ_are_the_same():
    none = {"error_rate": [0.0] * 5, "rps": [20.0] * 5}
    assert compare(series("old", none), series("new", none)).verdict is Verdict.SAME


def test_a_drift_that_both_share_in_turns_does_not_widen_the_interval():
    drift = np.linspace(1.0, 1.4, 8)
    rounds = [f"s-{number}" for number in range(8)]
    first = series("old", {"e2e_p50": (0.2 * drift).tolist()}, rounds=rounds)
    second = series("new", {"e2e_p50": (0.24 * drift).tolist()}, rounds=rounds)
    in_turns = compare(first, second)
    apart = compare(first, series("new", {"e2e_p50": (0.24 * drift).tolist()}))
    assert (in_turns.rounds, apart.rounds) == (8, 0)
    widths = [each.metrics[0].shift.high - each.metrics[0].shift.low for each in (in_turns, apart)]
    assert widths[0] < widths[1] / 2
    assert not in_turns.cautions
    assert "not measured in turns" in apart.cautions[0]


def test_a_round_that_only_one_side_finished_is_left_out():
    rounds = [f"s-{number}" for number in range(6)]
    first = series("old", {"e2e_p50": spread(0.2, 6)}, rounds=rounds)
    found = compare(first, series("new", {"e2e_p50": spread(0.3)}, rounds=rounds[:5]))
    assert found.rounds == 5
    assert len(found.metrics[0].first) == 5


def test_a_metric_without_a_figure_in_each_run_is_named():
    partly = series("new", {"e2e_p50": spread(0.2)})
    found = compare(OLD, partly)
    assert ("rps", "5 of 10 runs have no figure of it") in found.left_out
    assert ("ttft_p50", "no run has a figure of it") in found.left_out
    assert "rps" not in verdicts(found)


def test_a_server_that_lost_a_metric_is_neither_the_same_nor_faster():
    streams = series("old", {"ttft_p50": spread(0.1), "e2e_p50": spread(0.2)})
    for e2e, verdict in ((0.2, Verdict.INCONCLUSIVE), (0.1, Verdict.INCONCLUSIVE), (0.3, Verdict.SLOWER)):
        found = compare(streams, series("new", {"e2e_p50": spread(e2e)}, first_run=11))
        assert (found.verdict, found.lost) == (verdict, ("ttft_p50",))
    gained = compare(series("old", {"e2e_p50": spread(0.2)}), streams)
    assert (gained.verdict, gained.lost) == (Verdict.SAME, ())


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (new(workload_hash="b" * 64), "they sent different things"),
        (new(workload_hash=None), "run 11 does not tell what it sent"),
        (new(load="20 users"), "their loads differ (10 users and 20 users)"),
        (new(load=""), "run 11 does not tell its load"),
        (new(machine="Another, 8 CPUs, 16 GiB, Darwin"), "unlike machines"),
        (new(machine=""), "run 11 does not tell its machine"),
        (
            new(problem="is INVALID: requests were sent late"),
            "run 11 of new is INVALID: requests were sent late, and 4 more of 5",
        ),
        (new(problem="was interrupted"), "run 11 of new was interrupted"),
        (Series("new", ()), "new has no load run"),
        (series("new", {"other": [1.0] * 5}), "no metric has a figure in every run"),
    ],
)
def test_what_must_not_be_compared_has_no_verdict(second, words):
    found = compare(OLD, second)
    assert found.verdict is Verdict.NO_VERDICT
    assert any(words in reason for reason in found.reasons), found.reasons


def test_one_invalid_run_takes_the_verdict_and_leaves_the_shift():
    slower = new(e2e=0.3, count=6)
    runs = (replace(slower.runs[0], problem="is INVALID: late"), *slower.runs[1:])
    found = compare(OLD, Series("new", runs))
    assert found.verdict is Verdict.NO_VERDICT
    assert len(found.metrics[0].second) == 5


def test_what_nobody_knows_to_be_alike_still_shows_its_shift():
    found = compare(OLD, new(e2e=0.4, workload_hash=None, machine=""))
    assert found.verdict is Verdict.NO_VERDICT
    assert found.metrics[0].shift.value == pytest.approx(1, abs=0.01)


def test_across_machines_there_is_a_difference_and_never_a_verdict():
    elsewhere = new(e2e=0.4, machine="Another, 8 CPUs, 16 GiB, Darwin")
    found = compare(OLD, elsewhere, across_machines=True)
    assert (found.verdict, found.heading) == (Verdict.NO_VERDICT, DIFFERENT_MACHINES)
    assert found.metrics[0].shift.value == pytest.approx(1, abs=0.01)
    alike = compare(OLD, new(e2e=0.4), across_machines=True)
    assert (alike.verdict, alike.heading) == (Verdict.NO_VERDICT, "")
    other_load = compare(OLD, replace(elsewhere, runs=new(load="20/s").runs), across_machines=True)
    assert not other_load.metrics


def test_a_measurement_that_ended_early_has_no_verdict():
    found = compare(OLD, new(e2e=0.3), ended_early="it was interrupted in round 6 of 10")
    assert found.verdict is Verdict.NO_VERDICT
    assert found.metrics


def test_different_models_are_named():
    assert "different models: other, scripted" in compare(OLD, new(model="other")).cautions[1]
