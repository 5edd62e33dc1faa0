"""The table of faults: whose they are, and what follows."""

import pytest

from gateway.errors import base, faults
from gateway.errors.base import BackendError, GatewayError
from gateway.errors.faults import Fault, fault_of_status

ALL = {name: fault for name, fault in vars(faults).items() if isinstance(fault, Fault)}


def test_the_table_in_the_documentation_is_the_one_that_is_used():
    rows = [line.split() for line in faults.__doc__.splitlines() if line.split()[:1] and line.split()[0] in ALL]
    written = {name: (whose, breaker, then, hears[0]) for name, whose, breaker, then, *hears in rows}
    assert written == {
        name: (fault.whose, fault.breaker, fault.then, str(fault.status or "the")) for name, fault in ALL.items()
    }
    retries = {row[0]: row[-1] for row in rows}
    assert retries == {name: "no" if fault.retry is False else "advised" for name, fault in ALL.items()}


@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
def test_only_the_backend_and_the_operator_open_a_breaker(fault):
    assert (fault.breaker == "failure") == (fault.whose in {"backend", "key"})


@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
def test_no_client_is_told_to_repeat_what_does_not_pass(fault):
    assert fault.retry is not False or fault.then != "again"
    if fault.whose == "client":
        assert (fault.then, fault.retry) == ("stop", False)


def subclasses(kind):
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in subclasses(child))]


@pytest.mark.parametrize("kind", subclasses(GatewayError))
def test_an_error_has_the_status_and_the_code_of_its_fault(kind):
    fault = kind.default_fault
    if kind.__module__ == base.__name__ and fault is not faults.GATEWAY and kind.default_code != "unsupported_endpoint":
        assert fault.status in {kind.default_status, None}
        assert fault.code == kind.default_code
    assert (fault.breaker == "failure") <= issubclass(kind, BackendError)


@pytest.mark.parametrize(
    ("status", "explained", "unexplained"),
    [
        (101, "WRONG_ADDRESS", "WRONG_ADDRESS"),
        (302, "WRONG_ADDRESS", "WRONG_ADDRESS"),
        (400, "REJECTED", "UNEXPLAINED"),
        (401, "KEY_REFUSED", "KEY_REFUSED"),
        (402, "KEY_REFUSED", "KEY_REFUSED"),
        (403, "KEY_REFUSED", "UNEXPLAINED"),
        (404, "REJECTED", "WRONG_ADDRESS"),
        (405, "WRONG_ADDRESS", "WRONG_ADDRESS"),
        (406, "REJECTED", "UNEXPLAINED"),
        (407, "KEY_REFUSED", "KEY_REFUSED"),
        (408, "TIMED_OUT", "TIMED_OUT"),
        (409, "CONFLICT", "CONFLICT"),
        (410, "REJECTED", "UNEXPLAINED"),
        (413, "REJECTED", "REJECTED"),
        (418, "REJECTED", "UNEXPLAINED"),
        (424, "REJECTED", "UNEXPLAINED"),
        (429, "BUSY", "BUSY"),
        (446, "REJECTED", "UNEXPLAINED"),
        (451, "REJECTED", "UNEXPLAINED"),
        (500, "FAILED", "FAILED"),
        (501, "UNSUPPORTED_THERE", "FAILED"),
        (503, "UNAVAILABLE", "UNAVAILABLE"),
        (504, "TIMED_OUT", "TIMED_OUT"),
        (529, "UNAVAILABLE", "UNAVAILABLE"),
        (599, "FAILED", "FAILED"),
        (999, "FAILED", "FAILED"),
    ],
)
def test_a_status_has_a_fault(status, explained, unexplained):
    assert fault_of_status(status, explained=True) is ALL[explained]
    assert fault_of_status(status, explained=False) is ALL[unexplained]
