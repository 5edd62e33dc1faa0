"""A client process that stands still, or goes on for too long, is ended; a busy main process ends none."""

import pytest

from keywords.engine.load import watchdog
from keywords.engine.load.watchdog import SILENT_S, Watchdog


@pytest.fixture
def at(monkeypatch):
    """Set the clock."""
    moments = [0.0]
    monkeypatch.setattr(watchdog.clock, "now", lambda: moments[0])
    return lambda moment: moments.__setitem__(0, moment)


def test_silence_adds_up_until_something_is_heard(at):
    dog = Watchdog(2)
    found = {}
    for second in range(1, int(SILENT_S) + 2):
        at(float(second))
        dog.hear(1)
        found |= dog.look({0, 1}, deadline=1e9)
    assert found == {0: "said nothing for 30 s, stopped or hung, and was ended"}


def test_what_the_main_process_slept_through_is_no_silence(at):
    dog = Watchdog(1)
    at(3600.0)
    assert dog.look({0}, deadline=1e9) == {}


def test_a_run_has_a_deadline(at):
    dog = Watchdog(1)
    at(10.0)
    dog.hear(0)
    assert dog.look({0}, deadline=11.0) == {}
    at(12.5)
    assert dog.look({0}, deadline=10.0) == {0: "went on for 2 s after the run should have been over, and was ended"}
    assert dog.look((), deadline=10.0) == {}
