"""Getters of a load run's numbers say what they counted, and refuse what cannot be told."""

import math
from dataclasses import replace

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.load.cautions import Caution
from keywords.measure.load.metrics import LoadMetricsLibrary
from keywords.measure.load.requests import LoadRequestsLibrary

LIBRARY, REQUESTS = LoadMetricsLibrary(), LoadRequestsLibrary()
LESS, EQUAL = AssertionOperator["<"], AssertionOperator["=="]


@pytest.fixture
def run(made):
    """40 answers, of which those of stage 1 are slower, and 10 failures of two classes."""
    good = [made.sample(number, 0.1 + number / 1000, stage=number // 20) for number in range(40)]
    bad = [made.sample(40 + number, stage=1, error="overloaded" if number < 7 else "cut") for number in range(10)]
    return made.run([*good, *bad], windows=((0.0, 2.0), (2.0, 6.0)))


def test_a_percentile_counts_failures_as_infinite(run):
    assert LIBRARY.get_load_metric(run, "ttft_first_content", "p90") == math.inf
    assert LIBRARY.get_load_metric(run, "ttft_first_content", "p90", answers_only=True) == pytest.approx(0.135)


def test_a_server_does_not_pass_by_hanging(made):
    hung = [replace(made.sample(10 + number), t_first_content=None, cancelled=True) for number in range(30)]
    run = made.run([*(made.sample(number) for number in range(10)), *hung])
    assert LIBRARY.get_load_metric(run, "ttft_first_content", "p50") == math.inf
    assert LIBRARY.get_load_metric(run, "ttft_first_content", "p50", answers_only=True) == pytest.approx(0.1)


def test_without_a_request_there_is_no_error_rate(made):
    with pytest.raises(AssertionError, match="A share of failed requests needs one that ended"):
        REQUESTS.get_error_rate(made.run([]), EQUAL, 0)


def test_a_stage_has_numbers_of_its_own(run):
    assert LIBRARY.get_load_metric(run, "ttft_first_content", "p50", stage=0) == pytest.approx(0.109)
    assert REQUESTS.get_answered_requests(run, EQUAL, 20, stage=1) == 20
    assert REQUESTS.get_error_rate(run, EQUAL, 0, stage=0) == 0


def test_the_label_says_what_was_counted(run):
    with pytest.raises(
        AssertionError, match=r"p50 of ttft_first_content, 40 values and 10 infinite ones \(s\) should be"
    ):
        LIBRARY.get_load_metric(run, "ttft_first_content", "p50", LESS, 0.001)


def test_too_few_values_are_refused(run):
    with pytest.raises(AssertionError, match="p95 of e2e needs 59 values, and the run has 50 values: let it last"):
        LIBRARY.get_load_metric(run, "e2e", "p95")


@pytest.mark.usefixtures("busy")
def test_too_few_values_on_a_busy_machine_have_no_verdict(run):
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: p95 of e2e needs 59 values"):
        LIBRARY.get_load_metric(run, "e2e", "p95")


def test_the_mean_by_token_has_a_name_of_its_own(run):
    assert LIBRARY.get_load_metric(run, "tpot_excl_first_by_token", "mean") == pytest.approx(0.1 / 9)


def test_failures_are_named_by_class(run):
    with pytest.raises(AssertionError, match=r"Share of failed .* 0\.2; 7 overloaded, 3 cut"):
        REQUESTS.get_error_rate(run, LESS, 0.1)
    assert REQUESTS.get_failed_requests(run, "cut", EQUAL, 3) == 3
    with pytest.raises(AssertionError, match="Failures should all be overloaded: 3 failed with cut"):
        REQUESTS.failures_should_all_be(run, "overloaded")
    REQUESTS.failures_should_all_be(run, "overloaded", "cut")


def test_no_failure_is_none_of_these(made):
    with pytest.raises(AssertionError, match="Some requests should fail with overloaded, but none failed"):
        REQUESTS.failures_should_all_be(made.run([made.sample(0)]), "overloaded")


def test_goodput_is_a_share_of_all_requests(run):
    assert REQUESTS.get_goodput(run, ["ttft < 120 ms"]) == pytest.approx(20 / 50)


def test_rates_are_of_the_stage(run):
    assert LIBRARY.get_load_rate(run, "rps", stage=0) == pytest.approx(18 / 2)


def test_cautions_are_compared_by_their_kind(made):
    run = replace(made.run([made.sample(0)]), cautions=(Caution("no_usage", "Without usage."),))
    assert REQUESTS.get_cautions(run, AssertionOperator["contains"], "no_usage") == ["no_usage"]
    with pytest.raises(AssertionError, match="Cautions should contain 'no_stream', got"):
        REQUESTS.get_cautions(run, AssertionOperator["contains"], "no_stream")


def test_goodput_below_its_limit_fails(run):
    with pytest.raises(AssertionError, match=r"Share of requests that hold ttft_first_content < 120 ms \(0 to 1\)"):
        REQUESTS.get_goodput(run, ["ttft < 120 ms"], AssertionOperator[">="], 0.75)


@pytest.mark.usefixtures("busy")
def test_goodput_that_a_busy_machine_explains_has_no_verdict(run):
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: Share of requests"):
        REQUESTS.get_goodput(run, ["ttft < 120 ms"], AssertionOperator[">="], 0.75)
    with pytest.raises(AssertionError, match="Share of requests"):
        REQUESTS.get_goodput(run, ["ttft < 120 ms"], AssertionOperator[">="], 0.9)


def test_goodput_of_few_requests_is_refused(made):
    few = made.run([made.sample(number) for number in range(28)])
    with pytest.raises(AssertionError, match="Goodput needs 29 requests, and the run has 28"):
        REQUESTS.get_goodput(few, ["ttft < 1 s"], AssertionOperator[">="], 0.9)
