"""Numbers of the ledger are judged."""

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
    with pytest.raises(AssertionError, match=r"The gateway's own time \(us\) should be less than 1234, got 1234"):
        library.get_gateway_time(ENTRY, LESS, 1234)
    with pytest.raises(AssertionError, match=r"duration of the request \(ms\) should be less than 300, got 305\.678"):
        library.get_request_duration(ENTRY, LESS, 300)


def test_a_cost_is_rounded_far_below_the_price_of_a_token(library):
    assert library.get_request_cost({"cost_usd": 2e-6 + 10e-6}, EQUAL, 0.000012)
    with pytest.raises(AssertionError, match=r"cost of the request \(US dollars\) should be 1\.3e-05, got 1\.2e-05"):
        library.get_request_cost({"cost_usd": 0.000012}, EQUAL, 0.000013)


def test_requests_in_the_ledger_are_counted(library, tmp_path):
    path = tmp_path / "ledger.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE requests (id TEXT)")
        connection.executemany("INSERT INTO requests VALUES (?)", [("a",), ("b",)])
    connection.close()
    assert library.get_ledger_count(path, EQUAL, 2) == 2
    with pytest.raises(AssertionError, match="requests in the ledger should be 3, got 2"):
        library.get_ledger_count(path, EQUAL, 3)
