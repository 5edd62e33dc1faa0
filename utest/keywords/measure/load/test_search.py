"""A search runs load at each level and judges it; a wrong case is told from a late one."""

from datetime import timedelta

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.load.cases.case import Deviation, Finding
from keywords.engine.load.cases.play import CASES
from keywords.engine.machine import Machine
from keywords.measure.load import cases, search

SECOND = timedelta(seconds=1)
EQUAL = AssertionOperator["=="]


@pytest.fixture
def served(made, monkeypatch):
    """A server that is quick up to four users; more levels come from `levels`."""
    asked = []

    def measure(_, options, __):
        (users,) = options.users
        asked.append(users)
        return made.run([made.sample(number, 0.05 if users <= 4 else 0.5) for number in range(100)])

    monkeypatch.setattr(search, "measure_here", measure)
    return asked


def test_the_largest_number_of_users_is_found(served):
    library = search.LoadSearchLibrary()
    capacity = library.find_max_load("users", ["ttft_p90 < 100 ms"], to=32, duration=SECOND)
    assert library.get_capacity(capacity, EQUAL, 4) == 4
    assert served == [1, 2, 4, 8, 6, 5, 4]


@pytest.mark.usefixtures("served")
def test_a_level_that_nothing_holds_has_no_capacity():
    library = search.LoadSearchLibrary()
    capacity = library.find_max_load("users", ["ttft_p90 < 1 ms"], to=4, duration=SECOND)
    assert library.get_capacity(capacity, EQUAL, None) is None


def test_a_search_without_a_verdict_is_no_capacity_of_nothing(made, monkeypatch):
    monkeypatch.setattr(search, "measure_here", lambda *_: made.run([made.sample(0)], planned=100))
    library = search.LoadSearchLibrary()
    capacity = library.find_max_load("users", ["ttft_p90 < 100 ms"], to=4, duration=SECOND)
    with pytest.raises(AssertionError, match="The search for the largest load gave no verdict"):
        library.get_capacity(capacity, EQUAL, None)


def found(monkeypatch, *deviations):
    monkeypatch.setattr(cases, "play_case", lambda case, _: Finding(case, deviations))
    cases.LoadCasesLibrary().load_engine_should_measure(None, "early_role")


def test_a_wrong_number_fails_on_any_machine(monkeypatch):
    monkeypatch.setattr(cases, "measure_machine", lambda: Machine(load=20, cores=1, wait_ratio=9))
    with pytest.raises(AssertionError, match="The load engine is wrong about early_role: one; two"):
        found(monkeypatch, Deviation("one"), Deviation("late", machine=True), Deviation("two"))


def test_a_late_time_fails_only_on_a_quiet_machine(monkeypatch):
    monkeypatch.setattr(cases, "measure_machine", lambda: Machine(load=0, cores=1, wait_ratio=1))
    with pytest.raises(AssertionError, match="The load engine's times of early_role are late: late"):
        found(monkeypatch, Deviation("late", machine=True))
    monkeypatch.setattr(cases, "measure_machine", lambda: Machine(load=20, cores=1, wait_ratio=9))
    with pytest.raises(SkipExecution, match="INCONCLUSIVE: The load engine's times of early_role are late"):
        found(monkeypatch, Deviation("late", machine=True))


def test_an_unknown_case_is_refused():
    with pytest.raises(ValueError, match=r"there is no case 'early': the cases are early_role, "):
        cases.LoadCasesLibrary().load_engine_should_measure(None, "early")


def test_every_case_says_what_it_is():
    assert all(case.behaviour.endswith(".") and case.truth.endswith(".") and case.source for case in CASES.values())
