"""Facts of the conformance cases: what is right, what is wrong, and what a tool does not report."""

import math

import pytest

from keywords.engine.load.cases.play import CASES
from keywords.engine.scripted.record import RecordedRequest, Sent
from ops.bench.conformance.facts import Fact, mark_of, number, time, warning
from ops.bench.conformance.plays import plays_of
from ops.bench.conformance.reported import Reported, Spread
from ops.bench.conformance.truths import TRUTHS


def record(*chunks_s, at_s=0.0, end_s=None, connection=0):
    """A request of which the backend sent each chunk so many seconds later, and the end after them."""
    sent = [Sent(at_s + after_s, 1, number) for number, after_s in enumerate(chunks_s)]
    sent.append(Sent(at_s + (chunks_s[-1] if end_s is None else end_s), 1))
    return RecordedRequest(0, connection, "POST", "/v1/chat/completions", b"", b"", at_s, sent)


def marks(case, reported, records, part=0):
    facts = list(TRUTHS[case][part][1](reported, records))
    return mark_of(facts), {fact.what: fact.mark for fact in facts}


def whole(**more):
    spreads = {"ttft": Spread(mean=0.081), "e2e": Spread(mean=0.121), "tokens": Spread(mean=5)}
    return Reported(ended=2, failed=0, spreads=spreads | more.pop("spreads", {}), **more)


RECORDS = [record(0.08, 0.09, 0.1, 0.11, 0.12)] * 2


def test_each_case_has_its_runs():
    assert set(TRUTHS) == set(CASES)
    for case in CASES:
        plays = plays_of(case)
        assert len(plays) == len(TRUTHS[case])
        assert all(play.requests > 0 and play.scripts for play in plays)


def test_the_worst_fact_makes_the_mark():
    right, wrong, absent = (Fact("x", "1", "1", mark) for mark in ("right", "wrong", "not reported"))
    assert mark_of([right, right]) == "right"
    assert mark_of([right, absent]) == "not reported"
    assert mark_of([wrong, absent, right]) == "wrong"


@pytest.mark.parametrize(("told", "mark"), [(None, "not reported"), (2, "right"), (3, "wrong"), (math.inf, "wrong")])
def test_a_count_has_to_be_exact(told, mark):
    assert number("x", told, 2).mark == mark


def test_infinite_is_right_where_it_is_true():
    assert number("x", math.inf, math.inf).mark == "right"


@pytest.mark.parametrize(("told_s", "mark"), [(0.05, "wrong"), (0.0799, "right"), (0.12, "right"), (0.14, "wrong")])
def test_a_time_may_be_a_little_late_and_hardly_early(told_s, mark):
    assert time("x", told_s, 0.08).mark == mark


def test_a_warning_needs_all_its_words():
    reported = Reported(warnings=["Repeats came from a cache", "A cache"])
    assert warning(reported, "x", "repeat", "cache").mark == "right"
    assert warning(reported, "x", "repeat", "disk").mark == "not reported"


def test_a_role_taken_for_the_first_text_is_wrong():
    assert marks("early_role", whole(), RECORDS)[0] == "right"
    early = whole(spreads={"ttft": Spread(mean=0.001)})
    assert marks("early_role", early, RECORDS)[1]["mean time to first text"] == "wrong"


def test_a_late_end_counted_into_the_time_per_token_is_wrong():
    records = [record(0.0, 0.01, 0.02, 0.03, 0.04, end_s=0.12)] * 2
    base = {"ttft": Spread(mean=0.001), "e2e": Spread(mean=0.121)}
    assert marks("late_finish", whole(spreads=base | {"tpot": Spread(mean=0.0101)}), records)[0] == "right"
    assert marks("late_finish", whole(spreads=base | {"tpot": Spread(mean=0.03)}), records)[0] == "wrong"


def test_an_end_is_judged_by_the_tools_own_definition():
    records = [record(0.08, 0.09, end_s=0.3)] * 2
    told = {"e2e": Spread(mean=0.091)}
    assert marks("early_role", whole(spreads=told, ends_with_text=True), records)[0] == "right"
    assert marks("early_role", whole(spreads=told), records)[0] == "wrong"


def test_an_error_after_200_that_is_no_failure_is_wrong():
    assert marks("error_after_200", Reported(ended=2, failed=2), RECORDS)[0] == "right"
    assert marks("error_after_200", Reported(ended=2, failed=0), RECORDS)[0] == "wrong"


def test_waiting_for_a_slot_belongs_to_the_time_from_the_moment_of_arrival():
    # All are due 25 ms apart; from the third on, they come when the server goes on after 0.5 s.
    records = [record(0.01, at_s=max(place * 0.025, 0.5 if place > 1 else 0.0)) for place in range(10)]
    truth = {50: 0.385, 90: 0.46}
    reported = Reported(ended=10, spreads={"e2e_from_intended": Spread(percentiles=truth)})
    assert marks("stall_in_open_loop", reported, records, part=1)[0] == "right"
    between = Reported(ended=10, spreads={"e2e_from_intended": Spread(percentiles={50: 0.373, 90: 0.45})})
    assert marks("stall_in_open_loop", between, records, part=1)[0] == "right"
    omitting = Reported(ended=10, spreads={"e2e_from_intended": Spread(percentiles={50: 0.01, 90: 0.01})})
    assert marks("stall_in_open_loop", omitting, records, part=1)[0] == "wrong"
    assert marks("stall_in_open_loop", Reported(ended=10), records, part=1)[0] == "not reported"


def test_a_time_to_first_text_of_what_was_no_stream_is_wrong():
    records = [RecordedRequest(0, 0, "POST", "/", b"", b"", 0.0, [Sent(0.001, 9)])] * 2
    told = Reported(ended=2, failed=0, spreads={"e2e": Spread(mean=0.002)})
    assert marks("no_stream", told, records)[0] == "right"
    made_up = Reported(ended=2, failed=0, spreads={"e2e": Spread(mean=0.002), "ttft": Spread(mean=0.0)})
    assert marks("no_stream", made_up, records)[1]["time to first text"] == "wrong"


def test_a_median_made_up_within_a_bucket_is_wrong():
    case = "below_the_server_s_resolution"
    records = [record(*(n * 0.003 for n in range(60)))] * 2
    assert marks(case, Reported(ended=2, server_bounds="p50: below resolution: at most 0.01 s"), records)[0] == "right"
    assert marks(case, Reported(ended=2, server_percentiles={50: 0.005}), records)[0] == "wrong"
    assert marks(case, Reported(ended=2, server_percentiles={50: 0.0029, 99: 0.0031}), records)[0] == "right"
    assert marks(case, Reported(ended=2, server_percentiles={50: 0.0029, 99: 0.0076}), records)[0] == "wrong"
    assert marks(case, Reported(ended=2), records)[0] == "not reported"


def test_a_client_that_kept_up_need_not_warn():
    quick = [record(0.0, at_s=0.0), record(0.0, at_s=0.001)]
    late = [record(0.0, at_s=0.0), record(0.0, at_s=0.9)]
    assert marks("client_is_late", Reported(), quick)[0] == "right"
    assert marks("client_is_late", Reported(), late)[0] == "not reported"
    assert marks("client_is_late", Reported(warnings=["requests were sent late"]), late)[0] == "right"


def test_two_means_need_two_names():
    records = [record(*(n * 0.02 for n in range(10))), record(*(n * 0.002 for n in range(100)))]
    both = {"tpot": Spread(mean=0.011), "tpot_by_token": Spread(mean=0.0035)}
    assert marks("two_means_of_tpot", Reported(spreads=both), records)[0] == "right"
    assert marks("two_means_of_tpot", Reported(spreads={"tpot": Spread(mean=0.011)}), records)[0] == "not reported"
    assert marks("two_means_of_tpot", Reported(spreads=both | {"tpot": Spread(mean=0.0035)}), records)[0] == "wrong"
