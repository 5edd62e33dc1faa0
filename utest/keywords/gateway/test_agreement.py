"""What other sinks report is held against the ledger."""

import pytest

from keywords.gateway.agreement import AgreementLibrary

ENTRY = {"gateway_us": 1234, "duration_ms": 305.678, "cost_usd": 0.000012, "status": 200, "attempts": [{"ms": 1.5}]}


@pytest.fixture
def library():
    return AgreementLibrary()


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


def test_a_cost_agrees_but_for_the_rounding_of_floats(library):
    library.ledger_should_agree_on_cost(ENTRY, "the header", 2e-6 + 10e-6)
    with pytest.raises(AssertionError, match=r"the header should tell 0\.0000120000 US .* but tells 0\.0000130000"):
        library.ledger_should_agree_on_cost(ENTRY, "the header", 0.000013)


def test_fields_agree_and_each_that_differs_is_named(library):
    library.ledger_should_agree_on_fields(ENTRY, "the log", {"attempts": [{"ms": 1.5}]}, "attempts[0].ms")
    with pytest.raises(AssertionError, match=r"the log tells status 201, not 200; attempts\[0\]\.ms 2, not 1\.5"):
        library.ledger_should_agree_on_fields(
            ENTRY, "the log", {"status": 201, "attempts": [{"ms": 2}]}, "status", "attempts[0].ms"
        )
    with pytest.raises(AssertionError, match="The log has no status, only model"):
        library.ledger_should_agree_on_fields(ENTRY, "the log", {"model": "m"}, "status")
