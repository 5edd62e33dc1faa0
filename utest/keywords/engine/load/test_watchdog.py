"""A client process that stands still, or goes on for too long, is ended; a busy main process ends none."""

from queue import SimpleQueue

import pytest

from keywords.engine import clock
from keywords.engine.load import watchdog
from keywords.engine.load.run import _Run
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


class Client:
    """A client process that says something each second, or nothing at all."""

    def __init__(self, *, talks):
        self.talks, self.is_killed = talks, False

    @property
    def heard(self):
        return int(clock.now()) if self.talks else 0

    def start(self, moment):
        pass

    def kill(self):
        self.is_killed = True


def test_a_sink_that_stands_for_seconds_ends_no_client_that_talks(at):
    second = [0.0]

    class SlowSink:
        def add(self, samples):  # noqa: ARG002  # only its time counts
            second[0] += 5.0
            at(second[0])

    clients = [Client(talks=True), Client(talks=True), Client(talks=False)]
    messages = SimpleQueue()
    for message in [(0, "samples", ["a sample"])] * 40 + [(number, "ended", 0) for number in range(3)]:
        messages.put(message)
    _Run(clients, messages, [SlowSink()], lambda: False).run(0.0, 1e9)
    assert [client.is_killed for client in clients] == [False, False, True]
