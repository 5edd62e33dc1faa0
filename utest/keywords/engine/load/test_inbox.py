from types import SimpleNamespace

import pytest

from keywords.engine.load import connection
from keywords.engine.load.connection import Inbox


class Loop:
    """An event loop whose next turn comes when the test says so, and a clock that stands until it is moved."""

    def __init__(self):
        self.now, self.calls, self.parsed = 1.0, [], []

    def call_soon(self, call):
        self.calls.append(call)

    def turn(self):
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def stream(self, name, parsing_s=5e-6):
        def parse(at, data):
            self.parsed.append((name, at, data))
            self.now += parsing_s

        return SimpleNamespace(parse=parse)

    @property
    def names(self):
        return [name for name, *_ in self.parsed]


@pytest.fixture
def loop(monkeypatch):
    loop = Loop()
    monkeypatch.setattr(connection, "clock", SimpleNamespace(now=lambda: loop.now))
    monkeypatch.setattr(connection.asyncio, "get_running_loop", lambda: loop)
    return loop


def test_a_read_that_comes_alone_is_parsed_at_once(loop):
    inbox, stream = Inbox(), loop.stream("a")
    for _ in range(3):
        inbox.add(loop.now, stream, b"data")
        loop.now += 0.001
    assert loop.names == ["a", "a", "a"]
    assert not loop.calls


@pytest.mark.parametrize("parsing_s", [5e-6, 0.002], ids=["soon parsed", "parsed for 2 ms"])
def test_of_reads_in_one_turn_only_the_first_may_delay_the_times_of_others(loop, parsing_s):
    inbox = Inbox()
    for number in range(100):
        inbox.add(loop.now, loop.stream(number, parsing_s), b"data")
        loop.now += 3e-6
    assert loop.names == [0]
    loop.turn()
    assert loop.names == list(range(100))
    assert loop.parsed[-1][1] - loop.parsed[1][1] == pytest.approx(98 * 3e-6)


def test_a_long_read_waits_for_the_others_of_its_turn(loop):
    inbox = Inbox()
    inbox.add(loop.now, loop.stream("a"), b"x" * 5000)
    assert loop.names == []
    loop.now += 0.001
    inbox.add(loop.now, loop.stream("b"), b"x")
    loop.turn()
    assert loop.names == ["a", "b"], "none overtakes another, which may be an earlier one of its own connection"
