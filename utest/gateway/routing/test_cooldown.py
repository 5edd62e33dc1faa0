"""The time for which a backend asked not to be sent more requests, on a clock that the test advances."""

import logging

import pytest

from gateway.routing.cooldown import LONGEST_S, TEST_S, Cooldown


@pytest.fixture
def cooldown(clock):
    return Cooldown("b", "m", clock)


def test_it_lasts_as_long_as_the_backend_asked_and_ends_by_itself(cooldown, clock):
    assert cooldown.wait_s() == 0
    cooldown.start(cooldown.statement, 7)
    assert (cooldown.wait_s(), cooldown.is_asked_for) == (7, True)
    clock.now += 6.5
    assert cooldown.wait_s() == 0.5
    clock.now += 0.5
    assert cooldown.wait_s() == 0


@pytest.mark.parametrize("asked_s", [LONGEST_S + 1, 86_400 * 365, 1e12])
def test_it_lasts_no_longer_than_its_bound(cooldown, asked_s):
    cooldown.start(cooldown.statement, asked_s)
    assert cooldown.wait_s() == LONGEST_S


def test_a_later_word_replaces_it(cooldown):
    cooldown.start(cooldown.statement, 30)
    cooldown.start(cooldown.statement, 2)
    assert cooldown.wait_s() == 2


def test_an_answer_to_an_older_request_only_prolongs_it(cooldown):
    older = cooldown.statement
    cooldown.start(cooldown.statement, 10)
    cooldown.start(older, 2)
    assert cooldown.wait_s() == 10
    cooldown.start(older, 20)
    assert cooldown.wait_s() == 20


def test_a_success_ends_it_unless_its_request_is_older(cooldown):
    older = cooldown.statement
    cooldown.start(cooldown.statement, 10)
    cooldown.end(older)
    assert cooldown.wait_s() == 10
    cooldown.end(cooldown.statement)
    assert cooldown.wait_s() == 0


def test_when_it_is_over_one_attempt_tests_the_backend(cooldown, clock):
    cooldown.start(cooldown.begin(), 10)
    clock.now += 10
    assert cooldown.wait_s() == 0
    test = cooldown.begin()
    assert (cooldown.wait_s(), cooldown.is_asked_for) == (TEST_S, False)
    cooldown.end(test)
    assert cooldown.wait_s() == 0
    cooldown.begin()
    assert cooldown.wait_s() == 0, "it is tested"


def test_a_test_without_an_answer_keeps_others_waiting_for_a_bounded_time(cooldown, clock):
    cooldown.start(cooldown.begin(), 10)
    clock.now += 10
    cooldown.begin()
    clock.now += TEST_S
    assert cooldown.wait_s() == 0


def test_a_test_that_is_refused_starts_it_again(cooldown, clock):
    cooldown.start(cooldown.begin(), 10)
    clock.now += 10
    cooldown.start(cooldown.begin(), 20)
    assert cooldown.wait_s() == 20
    clock.now += 20
    cooldown.begin()
    assert cooldown.wait_s() == TEST_S


def test_an_attempt_during_it_is_no_test(cooldown):
    cooldown.start(cooldown.begin(), 10)
    cooldown.begin()
    assert cooldown.wait_s() == 10


def test_it_tells_of_changes_that_this_process_made(cooldown):
    changed = []
    cooldown.on_change = lambda one: changed.append(one.wait_s())
    cooldown.start(cooldown.statement, 10)
    cooldown.end(cooldown.statement)
    cooldown.end(cooldown.statement)
    cooldown.apply_remote(5)
    assert changed == [10, 0]


def test_what_another_process_knows_is_taken_over_within_the_bound(cooldown):
    cooldown.apply_remote(5)
    assert cooldown.wait_s() == 5
    cooldown.apply_remote(1e9)
    assert cooldown.wait_s() == LONGEST_S
    cooldown.apply_remote(0)
    assert cooldown.wait_s() == 0


def test_its_begin_is_logged_once_and_its_early_end_too(cooldown, caplog):
    caplog.set_level(logging.INFO, "gateway")
    cooldown.start(cooldown.statement, 10)
    cooldown.start(cooldown.statement, 9)
    cooldown.end(cooldown.statement)
    cooldown.apply_remote(5)
    cooldown.apply_remote(6)
    started = {"event": "cooldown", "state": "started", "backend": "b", "model": "m"}
    assert [record.fields for record in caplog.records] == [
        {**started, "wait_s": 10},
        {"event": "cooldown", "state": "ended", "backend": "b", "model": "m"},
        {**started, "wait_s": 5, "told_by": "another process"},
    ]
