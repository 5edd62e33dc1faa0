"""An INVALID run passes no limit; only what a busy machine explains ends a row without a verdict."""

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.machine import Machine
from keywords.measure.load import verdicts
from keywords.measure.load.metrics import LoadMetricsLibrary
from keywords.measure.load.verdicts import require_valid, verify_rate

LESS, MORE = AssertionOperator["<"], AssertionOperator[">"]


def some(made, **options):
    return made.run([made.sample(number) for number in range(40)], **options)


def test_a_valid_run_may_be_judged(made):
    require_valid(some(made))


def test_an_invalid_run_passes_no_limit(made):
    run = some(made, lag_s=0.1)
    with pytest.raises(AssertionError, match="INVALID and passes no limit: the event loop was late by p99 100"):
        LoadMetricsLibrary().get_load_metric(run, "e2e", "p50", LESS, 3600)


@pytest.mark.usefixtures("busy")
def test_an_invalid_run_on_a_busy_machine_has_no_verdict(made):
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: The load run is INVALID"):
        require_valid(some(made, lag_s=0.1))


@pytest.mark.usefixtures("busy")
def test_a_plan_that_was_not_sent_is_not_the_machine_s_fault(made):
    with pytest.raises(AssertionError, match="40 of 100 planned items began in time"):
        require_valid(some(made, planned=100))


def test_a_number_without_a_limit_needs_no_valid_run(made):
    assert LoadMetricsLibrary().get_load_metric(some(made, lag_s=0.1), "e2e", "p50") == pytest.approx(0.2)


def test_a_rate_below_its_limit_fails(made):
    with pytest.raises(AssertionError, match=r"Answers should be greater than 10\.0, got 9\.0"):
        verify_rate(some(made), 9.0, MORE, 10.0, "Answers", None)


@pytest.mark.usefixtures("busy")
def test_a_rate_that_a_busy_machine_explains_has_no_verdict(made):
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: Answers should be greater"):
        verify_rate(some(made), 4.0, MORE, 10.0, "Answers", None)
    with pytest.raises(AssertionError, match="Answers should be greater"):
        verify_rate(some(made), 1.0, MORE, 10.0, "Answers", None)


def test_a_rate_close_to_what_an_idle_machine_reaches_is_judged_by_the_whole_slowdown(made, monkeypatch):
    monkeypatch.setattr(verdicts, "measure_machine", lambda: Machine(0.0, 2, 1.5))
    with pytest.raises(AssertionError):
        verify_rate(some(made), 7.0, MORE, 10.0, "Answers", None)
    with pytest.raises(SkipExecution, match="INCONCLUSIVE"):
        verify_rate(some(made), 7.0, MORE, 10.0, "Answers", None, allowed=1.0)
    with pytest.raises(AssertionError):
        verify_rate(some(made), 6.0, MORE, 10.0, "Answers", None, allowed=1.0)
