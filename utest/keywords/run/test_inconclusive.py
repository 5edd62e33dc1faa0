import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.machine import Machine
from keywords.run import inconclusive
from keywords.run.inconclusive import verify_time

BELOW, ABOVE = AssertionOperator["<"], AssertionOperator[">"]


@pytest.fixture
def busy(monkeypatch):
    monkeypatch.setattr(inconclusive, "measure_machine", lambda: Machine(load=23.94, cores=2, wait_ratio=1))


def test_a_time_within_its_limit_measures_no_machine(monkeypatch):
    monkeypatch.setattr(inconclusive, "measure_machine", lambda: pytest.fail("measured"))
    assert verify_time(0.5, BELOW, 1, "Time (s)", None) == 0.5
    assert verify_time(0.5, None, None, "Time (s)", None) == 0.5


def test_a_time_above_its_limit_fails_on_an_idle_machine():
    with pytest.raises(AssertionError, match="Time"):
        verify_time(2.2, BELOW, 1, "Time (s)", None)


@pytest.mark.usefixtures("busy")
def test_a_time_that_a_busy_machine_explains_is_inconclusive():
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: Time \(s\) .*2\.2.*load 23\.9 on 2 cores"):
        verify_time(2.2, BELOW, 1, "Time (s)", None)


@pytest.mark.usefixtures("busy")
def test_a_time_far_above_its_limit_fails_on_a_busy_machine_too():
    with pytest.raises(AssertionError, match="Time"):
        verify_time(4.5, BELOW, 1, "Time (s)", None)


@pytest.mark.usefixtures("busy")
def test_single_waits_explain_no_median():
    with pytest.raises(AssertionError, match="Time"):
        verify_time(2.2, BELOW, 1, "Time (s)", None, wait_s=0)


@pytest.mark.usefixtures("busy")
def test_a_busy_machine_explains_no_time_that_is_too_short():
    with pytest.raises(AssertionError, match="Time"):
        verify_time(0.5, ABOVE, 1, "Time (s)", None)


@pytest.mark.usefixtures("busy")
def test_no_time_at_all_is_a_failure():
    with pytest.raises(AssertionError, match="there is none"):
        verify_time(None, BELOW, 1, "Time (s)", None)
