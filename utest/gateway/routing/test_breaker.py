"""The circuit breaker, on a clock that the test advances."""

import pytest

from gateway.config.server import BreakerConfig
from gateway.routing.breaker import Breaker


@pytest.fixture
def breaker(clock):
    """Opens after three failures in a row, for ten seconds."""
    return Breaker("b", BreakerConfig(consecutive_failures=3, open_s=10), clock)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.failed(breaker.begin())


def test_it_opens_after_consecutive_failures(breaker):
    fail(breaker, 2)
    assert (breaker.state, breaker.wait_s()) == ("closed", 0)
    fail(breaker)
    assert (breaker.state, breaker.wait_s()) == ("open", 10)


def test_a_success_between_failures_starts_the_count_anew(breaker):
    fail(breaker, 2)
    breaker.succeeded(breaker.begin())
    fail(breaker, 2)
    assert breaker.state == "closed"


def test_an_abandoned_attempt_counts_as_nothing(breaker):
    fail(breaker, 2)
    breaker.abandoned(breaker.begin())
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"


def test_after_the_open_time_one_attempt_is_the_probe(breaker, clock):
    fail(breaker, 3)
    clock.now += 9.9
    assert 0 < breaker.wait_s() < 0.2
    clock.now += 0.2
    assert breaker.wait_s() == 0
    breaker.begin()
    assert (breaker.state, breaker.wait_s()) == ("half-open", 1)


def test_a_successful_probe_closes_it(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    breaker.succeeded(breaker.begin())
    assert (breaker.state, breaker.wait_s()) == ("closed", 0)
    fail(breaker, 2)
    assert breaker.state == "closed", "the failures before it opened are forgotten"


def test_a_failed_probe_opens_it_again(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    fail(breaker)
    assert (breaker.state, breaker.wait_s()) == ("open", 10)


def test_an_abandoned_probe_lets_the_next_attempt_probe(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    breaker.abandoned(breaker.begin())
    assert breaker.wait_s() == 0
    breaker.succeeded(breaker.begin())
    assert breaker.state == "closed"


def test_a_probing_stream_closes_it_at_its_first_event(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    generation = breaker.answering(breaker.begin())
    assert breaker.state == "closed"
    breaker.failed(generation)
    fail(breaker, 2)
    assert breaker.state == "open", "the stream's later death counts"


def test_attempts_from_before_it_opened_do_not_end_its_probe(breaker, clock):
    old = [breaker.begin() for _ in range(3)]
    fail(breaker, 3)
    clock.now += 10
    probe = breaker.begin()
    breaker.succeeded(old[0])
    breaker.failed(old[1])
    breaker.abandoned(old[2])
    assert (breaker.state, breaker.wait_s()) == ("half-open", 1)
    breaker.succeeded(probe)
    assert breaker.state == "closed"


def test_a_share_of_failures_opens_it_once_there_are_enough_attempts(clock):
    breaker = Breaker("b", BreakerConfig(failure_rate=0.5, window=4), clock)
    fail(breaker, 3)
    assert breaker.state == "closed", "the window is not full"
    breaker.succeeded(breaker.begin())
    fail(breaker)
    assert breaker.state == "open"


def test_a_smaller_share_does_not_open_it(clock):
    breaker = Breaker("b", BreakerConfig(failure_rate=0.5, window=4), clock)
    for _ in range(10):
        for _ in range(3):
            breaker.succeeded(breaker.begin())
        fail(breaker)
    assert breaker.state == "closed"


def test_without_a_condition_it_opens_after_five_failures_and_refuses_nothing(clock):
    breaker = Breaker("b", BreakerConfig(open_s=10), clock)
    fail(breaker, 4)
    assert (breaker.state, breaker.refuses) == ("closed", False)
    fail(breaker)
    assert (breaker.state, breaker.wait_s(), breaker.refuses) == ("open", 10, False)


def test_without_a_condition_and_another_backend_it_never_opens(clock):
    breaker = Breaker("b", BreakerConfig(), clock, has_alternative=False)
    fail(breaker, 1000)
    assert (breaker.state, breaker.wait_s()) == ("closed", 0)


def test_a_condition_opens_the_breaker_of_the_only_backend_too(clock):
    breaker = Breaker("b", BreakerConfig(consecutive_failures=1), clock, has_alternative=False)
    fail(breaker)
    assert (breaker.state, breaker.refuses) == ("open", True)


@pytest.fixture
def lenient(clock):
    """Open for ten seconds, and refuses nothing."""
    breaker = Breaker("b", BreakerConfig(), clock)
    fail(breaker, 5)
    return breaker


def test_an_attempt_while_it_is_open_closes_it_by_its_success(lenient):
    lenient.succeeded(lenient.begin())
    assert lenient.state == "closed"


def test_a_stream_while_it_is_open_closes_it_at_its_first_event(lenient):
    lenient.answering(lenient.begin())
    assert lenient.state == "closed"


def test_a_failure_while_it_is_open_does_not_prolong_it(lenient, clock):
    clock.now += 6
    fail(lenient, 7)
    assert lenient.wait_s() == 4


def test_while_a_probe_runs_it_alone_decides(lenient, clock):
    clock.now += 10
    probe = lenient.begin()
    other, third, fourth = (lenient.begin() for _ in range(3))
    lenient.succeeded(other)
    lenient.failed(third)
    lenient.abandoned(fourth)
    assert (lenient.state, lenient.wait_s()) == ("half-open", 1)
    lenient.succeeded(probe)
    assert lenient.state == "closed"
