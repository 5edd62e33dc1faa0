"""Events that anybody can cause are bounded in the log."""

import asyncio

import pytest

from gateway.logs import repeated
from gateway.logs.repeated import LINES, RepeatedEvent


@pytest.fixture
def lines(caplog):
    """A function that logs an event so often in each period, and returns all lines."""

    def log(*counts):
        async def main():
            event = RepeatedEvent("broken")
            for count in counts:
                for number in range(count):
                    event.log(number=number)
                await asyncio.sleep(5 * repeated.PERIOD_S)

        asyncio.run(main())
        return [record.fields for record in caplog.records]

    return log


@pytest.fixture(autouse=True)
def _short_period(monkeypatch):
    monkeypatch.setattr(repeated, "PERIOD_S", 0.02)


@pytest.mark.parametrize("count", [1, LINES])
def test_few_are_logged_one_by_one(lines, count):
    assert lines(count) == [{"event": "broken", "number": number} for number in range(count)]


def test_of_many_the_first_ones_and_the_number_of_the_others_are_logged(lines):
    *first, last = lines(LINES + 500)
    assert [line["number"] for line in first] == list(range(LINES))
    assert last == {"event": "broken_repeated", "count": 500, "within_s": repeated.PERIOD_S}


def test_each_period_begins_anew(lines):
    assert len(lines(LINES + 1, 2, LINES + 1)) == LINES + 1 + 2 + LINES + 1
