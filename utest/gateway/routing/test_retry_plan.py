"""What follows a failed attempt: pure decisions, on a clock and with draws that the test controls."""

from types import SimpleNamespace

import pytest

from gateway.config.server import BreakerConfig, Retries
from gateway.errors.base import BackendError, BackendRejectedRequest, UnsupportedByBackend
from gateway.errors.faults import fault_of_status
from gateway.routing.balancing import BackendState, Candidate, Group
from gateway.routing.breaker import Breaker
from gateway.routing.cooldown import Cooldown
from gateway.routing.retry_plan import RetryPlan, backoff_s, step_after
from gateway.routing.routes import Route


def rejected(status, **attributes):
    error = BackendRejectedRequest("no", status=status, fault=fault_of_status(status, explained=True))
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("status", "should_retry", "step"),
    [
        (500, None, "again"),
        (500, True, "again"),
        (500, False, "other"),
        (429, False, "other"),
        (400, None, "stop"),
        (400, True, "again"),
        (400, False, "stop"),
        (401, None, "other"),
        (401, True, "again"),
        (401, False, "other"),
    ],
)
def test_the_backends_own_word_on_retries_comes_before_the_faults(status, should_retry, step):
    assert step_after(rejected(status, should_retry=should_retry)) == step


def test_the_wait_is_drawn_from_zero_to_a_doubling_bound():
    bounds = []
    for retry in range(1, 7):
        backoff_s(retry, Retries(base_s=0.5, cap_s=4), lambda *limits: bounds.append(limits) or 0)
    assert bounds == [(0, 0.5), (0, 1), (0, 2), (0, 4), (0, 4), (0, 4)]


class Walk:
    """A plan whose attempts all fail; `moves` lists its waits as numbers and its attempts as names."""

    breaker = BreakerConfig(consecutive_failures=1)

    def __init__(self, groups, attempts=1, deadline_s=100.0, jitter=1.0, cap_s=8.0):
        self.now = 0.0
        self.candidates = {}
        route = Route(
            tuple(Group([self.candidate(name) for name in names.split()]) for names in groups),
            Retries(attempts=attempts, base_s=1, cap_s=cap_s),
        )
        self.plan = RetryPlan(route, deadline_s, lambda: self.now, lambda low, high: low + jitter * (high - low))

    def candidate(self, name):
        state = BackendState(Breaker(name, self.breaker, lambda: self.now))
        cooldown = Cooldown(name, "m", lambda: self.now)
        self.candidates[name] = Candidate(SimpleNamespace(name=name), "m", state, cooldown=cooldown)
        return self.candidates[name]

    def open(self, name):
        breaker = self.candidates[name].state.breaker
        for _ in range(5):
            breaker.failed(breaker.begin())

    def cool(self, **waits_s):
        for name, wait_s in waits_s.items():
            cooldown = self.candidates[name].cooldown
            cooldown.start(cooldown.statement, wait_s)

    def moves(self, **errors):
        moves = []
        while (move := self.plan.next()) is not None:
            if isinstance(move, float | int):
                moves.append(move)
                self.now += move
            else:
                moves.append(move.backend.name)
                self.plan.failed(move, errors.get(move.backend.name) or BackendError("500"))
        return moves


def asks(wait_s):
    return rejected(429, retry_after_s=wait_s)


def test_without_retries_each_candidate_has_one_attempt():
    assert Walk(["a", "b", "c"]).moves() == ["a", "b", "c"]


def test_a_candidate_is_retried_before_the_next_one():
    assert Walk(["a", "b"], attempts=3).moves() == ["a", 1, "a", 2, "a", "b", 1, "b", 2, "b"]


def test_replicas_come_before_any_wait():
    assert Walk(["a b", "c"], attempts=2).moves() == ["a", "b", 1, "b", "a", "c", 1, "c"]


def test_a_wait_is_at_least_what_the_backend_asked_for():
    assert Walk(["a"], attempts=2).moves(a=asks(5)) == ["a", 5, "a"]
    assert Walk(["a"], attempts=2).moves(a=asks(0.25)) == ["a", 1, "a"]


def test_a_replica_is_not_attempted_before_its_own_retry_after():
    assert Walk(["a b"], attempts=3, jitter=0).moves(a=asks(4), b=asks(1)) == ["a", "b", 1, "b", 1, "b"]
    assert Walk(["a b"], attempts=2, jitter=0).moves(a=asks(4), b=asks(4)) == ["a", "b", 4, "b", "a"]


def test_after_a_long_retry_after_the_next_backend_is_attempted():
    assert Walk(["a", "b"], attempts=2, cap_s=8).moves(a=asks(9)) == ["a", "b", 1, "b"]


def test_a_long_retry_after_is_waited_for_where_there_is_no_other():
    assert Walk(["a"], attempts=2, cap_s=8).moves(a=asks(9)) == ["a", 9, "a"]


def test_a_wait_beyond_the_deadline_is_not_begun():
    assert Walk(["a"], attempts=2, deadline_s=9).moves(a=asks(9)) == ["a"]
    assert Walk(["a", "b"], attempts=2, deadline_s=9).moves(a=asks(9)) == ["a", "b", 1, "b"]


def test_after_the_deadline_there_is_no_attempt():
    walk = Walk(["a", "b"], deadline_s=9)
    assert walk.plan.next().backend.name == "a"
    walk.now = 9.0
    assert walk.moves() == []


def test_a_backend_that_says_not_to_retry_is_followed_by_the_next():
    assert Walk(["a", "b"], attempts=2).moves(a=rejected(429, should_retry=False)) == ["a", "b", 1, "b"]


@pytest.mark.parametrize("error", [rejected(401), UnsupportedByBackend("one choice only")])
def test_what_will_not_pass_at_one_backend_is_attempted_once_and_followed_by_the_next(error):
    assert Walk(["a", "b"], attempts=3).moves(a=error) == ["a", "b", 1, "b", 2, "b"]
    assert Walk(["a b"], attempts=3, jitter=0).moves(a=error) == ["a", "b", 0, "b", 0, "b"]
    assert Walk(["a"], attempts=3).moves(a=error) == ["a"]


def test_open_backends_are_skipped():
    walk = Walk(["a b", "c", "d"], attempts=2)
    walk.open("a")
    walk.open("c")
    assert walk.moves() == ["b", 1, "b", "d", 1, "d"]


def test_a_backend_that_opens_is_not_waited_for():
    walk = Walk(["a", "b"], attempts=2)
    assert walk.plan.next() is walk.candidates["a"]
    walk.plan.failed(walk.candidates["a"], BackendError("500"))
    walk.open("a")
    assert walk.moves() == ["b", 1, "b"]


def test_if_all_are_open_there_is_no_attempt():
    walk = Walk(["a", "b"], attempts=3)
    walk.open("a")
    walk.open("b")
    assert walk.moves() == []


def test_a_candidate_that_cools_down_is_left_for_last():
    walk = Walk(["a", "b"])
    walk.cool(a=5)
    assert walk.moves() == ["b", "a"]


def test_the_replica_of_one_that_cools_down_is_chosen():
    walk = Walk(["a b", "c"])
    walk.cool(a=5)
    assert walk.moves() == ["b", "c", "a"]


def test_a_cooldown_that_is_over_changes_nothing():
    walk = Walk(["a", "b"])
    walk.cool(a=5)
    walk.now = 5.0
    assert walk.moves() == ["a", "b"]


def test_if_all_cool_down_the_one_that_is_first_over_is_asked_and_no_other():
    walk = Walk(["a", "b c"])
    walk.cool(a=5, b=3, c=9)
    assert walk.moves(b=asks(4)) == ["b"]


def test_if_the_one_asked_in_a_cooldown_fails_otherwise_the_next_is_asked():
    walk = Walk(["a", "b", "c"])
    walk.cool(a=5, b=3, c=9)
    assert walk.moves(a=asks(4)) == ["b", "a"]


def test_one_that_is_tested_is_asked_where_another_one_still_asks_for_a_wait():
    walk = Walk(["a", "b"])
    walk.cool(a=0.5, b=5)
    walk.now = 5.0
    walk.candidates["b"].cooldown.begin()
    walk.cool(a=0.25)
    assert walk.moves(a=asks(4)) == ["a", "b"]


def test_the_only_candidate_is_asked_though_it_cools_down_and_as_often_as_ever():
    walk = Walk(["a"], attempts=3)
    walk.cool(a=50)
    assert walk.moves(a=asks(2)) == ["a", 2, "a", 2, "a"]


def test_a_wait_of_this_request_counts_by_its_own_retry_after():
    walk = Walk(["a", "b"], attempts=2)
    assert walk.plan.next() is walk.candidates["a"]
    walk.plan.failed(walk.candidates["a"], asks(4))
    walk.cool(a=4.001)
    assert walk.moves(a=asks(4)) == [4, "a", "b", 1, "b"]


def test_a_candidate_that_cools_down_is_not_waited_for_while_another_one_answers():
    walk = Walk(["a", "b"], attempts=3)
    walk.cool(a=0.5)
    assert walk.plan.next() is walk.candidates["b"]


class LenientWalk(Walk):
    """With breakers without a condition."""

    breaker = BreakerConfig()


def test_a_breaker_without_a_condition_leaves_its_backend_for_last():
    walk = LenientWalk(["a", "b"])
    walk.open("a")
    assert walk.moves() == ["b", "a"]


def test_breakers_without_a_condition_cost_no_attempt():
    walk = LenientWalk(["a", "b c"])
    for name in "cba":
        walk.open(name)
        walk.now += 1
    assert walk.moves() == ["c", "b", "a"], "the first that may be well again is first"


def test_one_that_fails_and_one_that_cools_down_are_both_asked():
    walk = LenientWalk(["a", "b"])
    walk.open("a")
    walk.cool(b=3)
    assert walk.moves(b=asks(3)) == ["b", "a"]


def test_what_refuses_is_no_last_resort():
    walk = Walk(["a", "b"])
    walk.open("a")
    walk.cool(b=3)
    assert walk.moves(b=asks(3)) == ["b"]


def test_a_long_wait_of_this_request_is_not_waited_for_while_a_resting_one_may_answer():
    walk = Walk(["a", "b"], attempts=2, cap_s=8)
    walk.cool(b=2)
    assert walk.moves(a=asks(30)) == ["a", "b", 1, "b"]


def test_after_the_deadline_there_is_no_last_resort():
    walk = Walk(["a", "b"], deadline_s=9)
    walk.cool(b=50)
    assert walk.plan.next() is walk.candidates["a"]
    walk.plan.failed(walk.candidates["a"], BackendError("500"))
    walk.now = 9.0
    assert walk.moves() == []
