"""A field of anything that a keyword returned: found by its path, compared by its type, named when it is missing."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from assertionengine import AssertionOperator
from robot.utils import DotDict

from keywords.run.fields import FieldsLibrary

LIBRARY = FieldsLibrary()
EQUAL = AssertionOperator["=="]


@dataclass
class LedgerEntry:
    status: int = 200
    code: str | None = None
    attempts: list = field(default_factory=lambda: [{"status": 400, "backend.name": "b", "wait": None}])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("status", "200"),
        ("code", "null"),
        ("attempts[0].status", 400),
        ("attempts[-1][backend.name]", "b"),
        ("attempts[0].wait", None),
    ],
)
def test_a_field_is_found_and_compared_by_its_type(path, expected):
    LIBRARY.get_field(LedgerEntry(), path, EQUAL, expected)


@pytest.mark.parametrize(
    ("thing", "path", "message"),
    [
        (LedgerEntry(), "cost", "The ledger entry has no cost, only status, code, attempts"),
        (LedgerEntry(), "attempts[1].status", "The ledger entry has no attempts[1].status: attempts has 1 item"),
        (
            LedgerEntry(),
            "attempts[0].cost",
            "The ledger entry has no attempts[0].cost: attempts[0] has only status,",
        ),
        (LedgerEntry(), "code.length", "The ledger entry has no code.length: code is None"),
        (LedgerEntry(), "attempts.status", "The ledger entry has no attempts.status: attempts has 1 item"),
        (None, "status", "The value has no status: it is None"),
        ("text", "status", "The text has no status: it is 'text'"),
        (DotDict(a=1), "b", "The fields have no b, only a"),
        ([], "[0].path", "The list has no [0].path: it has 0 items"),
        ([LedgerEntry()], "[-2]", "The ledger entries have no [-2]: there are 1"),
    ],
)
def test_a_missing_field_is_a_verdict_that_says_what_is_there(thing, path, message):
    with pytest.raises(AssertionError) as caught:
        LIBRARY.get_field(thing, path)
    assert str(caught.value).startswith(message)


def test_a_failed_comparison_names_field_and_thing():
    with pytest.raises(AssertionError, match=r"^status of the ledger entry should be 401, got 200$"):
        LIBRARY.get_field(LedgerEntry(), "status", EQUAL, "401")
    with pytest.raises(AssertionError, match=r"^a\.b should be 2, got 1$"):
        LIBRARY.get_field({"a": {"b": 1}}, "a.b", EQUAL, "2")


def test_a_text_that_looks_like_a_number_stays_a_text():
    LIBRARY.get_field({"id": "17"}, "id", EQUAL, "17")
    with pytest.raises(AssertionError, match="id should be '17', got 17"):
        LIBRARY.get_field({"id": 17}, "id", EQUAL, '"17"')


@pytest.mark.parametrize("path", ["", "a..b", "a[", "[]"])
def test_a_bad_path_is_a_mistake_of_the_row(path):
    with pytest.raises(ValueError, match="is no path"):
        LIBRARY.get_field({"a": 1}, path)


def test_a_method_is_no_field():
    with pytest.raises(AssertionError, match="has no items"):
        LIBRARY.get_field(SimpleNamespace(a=1), "items")


def test_a_number_of_things_names_them():
    assert LIBRARY.get_number_of("attempts", [1, 2], EQUAL, 2) == 2
    with pytest.raises(AssertionError, match=r"^Number of attempts should be 1, got 2; they are \['a', 'b'\]$"):
        LIBRARY.get_number_of("attempts", ["a", "b"], EQUAL, 1)
    with pytest.raises(TypeError, match="attempts cannot be counted"):
        LIBRARY.get_number_of("attempts", 7, EQUAL, 1)
