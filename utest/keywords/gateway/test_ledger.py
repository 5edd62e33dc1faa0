"""Numbers of the ledger are judged."""

import sqlite3

import pytest
from assertionengine import AssertionOperator
from robot.api import SkipExecution

from keywords.engine.machine import Machine
from keywords.gateway import ledger
from keywords.gateway.ledger import LedgerLibrary

EQUAL = AssertionOperator["=="]
AT_LEAST = AssertionOperator[">="]
QUIET, LOADED = Machine(0.0, 2, 1.0), Machine(9.0, 2, 4.0)
ENTRY = {"gateway_us": 1234, "duration_ms": 305.678}


@pytest.fixture
def library():
    return LedgerLibrary()


def test_the_waiting_time_is_what_the_gateways_own_leaves_of_the_duration(library):
    assert library.get_waiting_time(ENTRY, AT_LEAST, 300) == 304.444


@pytest.mark.parametrize(
    ("own_us", "machine", "outcome"),
    [(60_000, QUIET, AssertionError), (60_000, LOADED, SkipExecution), (155_000, LOADED, AssertionError)],
)
def test_a_wait_that_counts_as_the_gateways_own_time_is_found_on_a_busy_machine_too(
    library, monkeypatch, own_us, machine, outcome
):
    monkeypatch.setattr(ledger, "measure_machine", lambda: machine)
    entry = {"gateway_us": own_us, "duration_ms": 310.0}
    with pytest.raises(outcome, match=r"not the gateway's own time \(ms\) should be greater"):
        library.get_waiting_time(entry, AT_LEAST, 300)


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
