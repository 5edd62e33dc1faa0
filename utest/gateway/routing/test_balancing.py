"""The choice among several candidates."""

from collections import Counter
from types import SimpleNamespace

import pytest

from gateway.config.server import BreakerConfig
from gateway.routing.balancing import BackendState, Candidate, Group
from gateway.routing.breaker import Breaker


def candidate(name, weight=1.0):
    breaker = Breaker(name, BreakerConfig(consecutive_failures=1))
    return Candidate(SimpleNamespace(name=name), "m", BackendState(breaker), weight)


def names(candidates):
    return [chosen.backend.name for chosen in candidates]


def test_idle_candidates_take_turns_in_proportion_to_their_weights():
    group = Group([candidate("heavy", 3), candidate("light", 1)])
    turns = names(group.choose() for _ in range(400))
    assert Counter(turns) == {"heavy": 300, "light": 100}
    assert turns[:4].count("light") == 1, "the turns of the heavy one are spread"


def test_the_one_with_the_least_in_flight_is_chosen():
    busy, idle = candidate("busy"), candidate("idle")
    busy.state.in_flight = 1
    assert names(Group([busy, idle]).choose() for _ in range(5)) == ["idle"] * 5


def test_in_flight_counts_by_weight():
    heavy, light = candidate("heavy", 3), candidate("light", 1)
    heavy.state.in_flight, light.state.in_flight = 2, 1
    assert Group([heavy, light]).choose() is heavy


def test_concurrent_attempts_spread_by_weight():
    candidates = [candidate("heavy", 3), candidate("light", 1)]
    group = Group(candidates)
    for _ in range(40):
        group.choose().state.in_flight += 1
    assert [one.state.in_flight for one in candidates] == [30, 10]


def test_open_backends_are_passed_over():
    broken, well = candidate("broken"), candidate("well")
    broken.state.breaker.failed(broken.state.breaker.begin())
    group = Group([broken, well])
    assert names(group.choose() for _ in range(3)) == ["well"] * 3
    assert group.choose({well}) is None


def test_candidates_to_leave_out_are_not_chosen():
    first, second = candidate("first"), candidate("second")
    assert Group([first, second]).choose({first}) is second
    assert Group([first]).choose({first}) is None


@pytest.mark.parametrize("weight", [0.001, 1000])
def test_a_single_candidate_is_chosen_whatever_its_weight(weight):
    one = candidate("one", weight)
    assert Group([one]).choose() is one
