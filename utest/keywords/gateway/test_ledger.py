"""Numbers of the ledger are judged, and held against those of other accounts."""

import sqlite3

import pytest
from assertionengine import AssertionOperator

from keywords.gateway.ledger import LedgerLibrary

EQUAL = AssertionOperator["=="]
LESS = AssertionOperator["<"]
ENTRY = {"gateway_us": 1234, "duration_ms": 305.678}


@pytest.fixture
def library():
    return LedgerLibrary()


def test_times_are_judged_with_their_units(library):
    assert library.get_gateway_time(ENTRY, LESS, 100_000) == 1234
    assert library.get_request_duration(ENTRY, LESS, 306) == 305.678
    with pytest.raises(AssertionError, match=r"The gateway's own time \(us\) '1234'"):
        library.get_gateway_time(ENTRY, LESS, 1234)
    with pytest.raises(AssertionError, match=r"The duration of the request \(ms\) '305\.678'"):
        library.get_request_duration(ENTRY, LESS, 300)


@pytest.mark.parametrize(("told", "unit"), [(1234, "us"), (1.234, "ms"), (0.001234, "s"), (1234 * 1e-6, "s")])
def test_the_same_gateway_time_agrees_in_every_unit(library, told, unit):
    library.ledger_should_agree_on_gateway_time(ENTRY, "the header", told, unit)


@pytest.mark.parametrize(("told", "unit"), [(1235, "us"), (1.2341, "ms"), (0.0012341, "s"), (1.234, "s")])
def test_another_gateway_time_is_told_with_both_numbers(library, told, unit):
    with pytest.raises(
        AssertionError, match=rf"the header should tell .* {unit} like the ledger, but tells {told} {unit}"
    ):
        library.ledger_should_agree_on_gateway_time(ENTRY, "the header", told, unit)


def test_a_duration_agrees_but_for_what_the_ledger_rounds_away(library):
    library.ledger_should_agree_on_duration(ENTRY, "the log", 305.678, "ms")
    library.ledger_should_agree_on_duration(ENTRY, "the metrics", 0.3056783, "s", rounded_to_us=True)
    with pytest.raises(AssertionError, match=r"the duration the log should tell 305\.678 ms .* but tells 305\.6783 ms"):
        library.ledger_should_agree_on_duration(ENTRY, "the log", 305.6783, "ms")
    with pytest.raises(AssertionError, match=r"the metrics should tell 0\.305678 s .* but tells 0\.30568 s"):
        library.ledger_should_agree_on_duration(ENTRY, "the metrics", 0.30568, "s", rounded_to_us=True)


def test_requests_in_the_ledger_are_counted(library, tmp_path):
    path = tmp_path / "ledger.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE requests (id TEXT)")
        connection.executemany("INSERT INTO requests VALUES (?)", [("a",), ("b",)])
    connection.close()
    assert library.get_ledger_count(path, EQUAL, 2) == 2
    with pytest.raises(AssertionError, match="Requests in the ledger '2'"):
        library.get_ledger_count(path, EQUAL, 3)
