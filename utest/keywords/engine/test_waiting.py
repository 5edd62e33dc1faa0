"""Waiting by polling: the value that was awaited, or an exception about the last one."""

import pytest

from keywords.engine import machine, waiting
from keywords.engine.machine import Deadline, Machine
from keywords.engine.waiting import poll_until, wait_until


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses so far; time passes in them alone, and the machine is idle."""
    pauses = []
    monkeypatch.setattr(machine.clock, "now", lambda: sum(pauses))
    monkeypatch.setattr(machine, "measure_machine", lambda: Machine(load=0, cores=2, wait_ratio=1))
    monkeypatch.setattr(waiting.time, "sleep", pauses.append)
    return pauses


def test_it_returns_the_first_value_that_meets_the_condition(pauses):
    values = iter([1, 2, 3, 4])
    assert wait_until(lambda: next(values), lambda value: value == 3, Deadline(5), RuntimeError, every_s=0.5) == 3
    assert pauses == [0.5, 0.5]


def test_the_exception_is_about_the_last_value():
    values = iter(range(100))
    with pytest.raises(RuntimeError, match=r"^it is 4 instead of 7$"):
        wait_until(
            lambda: next(values),
            lambda value: value == 7,
            Deadline(2),
            lambda value: RuntimeError(f"it is {value} instead of 7"),
            every_s=0.5,
        )


def test_a_value_is_read_even_if_no_time_is_left():
    assert wait_until(lambda: "here", bool, Deadline(0), RuntimeError) == "here"


def test_what_the_reading_raises_ends_the_wait(pauses):
    def read():
        raise ValueError("it has ended")

    with pytest.raises(ValueError, match="it has ended"):
        wait_until(read, bool, Deadline(5), RuntimeError)
    assert not pauses


def test_polling_returns_the_last_value_when_the_time_is_over(pauses):
    assert poll_until(lambda: len(pauses), lambda count: count > 9, Deadline(2), every_s=0.5) == 4


def test_a_busy_machine_extends_a_deadline(monkeypatch, pauses):
    monkeypatch.setattr(machine, "measure_machine", lambda: Machine(load=24, cores=2, wait_ratio=1))
    assert poll_until(lambda: len(pauses), lambda _: False, Deadline(2), every_s=0.5) > 8
