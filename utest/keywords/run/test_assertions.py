"""The message of a failed comparison: what was compared, what was expected, what came, the essential first."""

import pytest
from assertionengine import AssertionOperator

from keywords.run.assertions import verify


def failure(value, operator, expected, label="The thing", **more):
    with pytest.raises(AssertionError) as caught:
        verify(value, AssertionOperator[operator], expected, label, None, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "operator", "expected", "message"),
    [
        (200, "==", 401, "The thing should be 401, got 200"),
        ("5", "==", 5, "The thing should be 5, got '5'"),
        (9, "<", 5, "The thing should be less than 5, got 9"),
        ("no", "contains", "4", "The thing should contain '4', got 'no'"),
        (b"ab", "==", b"ac", "The thing should be b'ac', got b'ab'"),
        (["a"], "contains", ["a", "b"], "The thing should contain ['a', 'b'], got ['a']"),
        (["a", "b"], "not contains", ["b", "c"], "The thing should not contain ['b', 'c'], got ['a', 'b']"),
        (None, "<", 5, "The thing should be compared with 5, but there is none"),
        (None, "contains", "a", "The thing should be compared with 'a', but there is none"),
        ("7", "<", 5, "The thing should be less than 5, got '7', which cannot be compared with it (type str)"),
        ({}, "<", 5, "The thing should be less than 5, got {}, which cannot be compared with it (type dict)"),
    ],
)
def test_a_failed_comparison_says_what_was_expected_and_what_came(value, operator, expected, message):
    assert failure(value, operator, expected) == message


def test_details_come_last():
    assert failure(200, "==", 401, details="answered 'Hello'") == "The thing should be 401, got 200; answered 'Hello'"


def test_a_long_value_is_cut_and_told_by_its_first_difference():
    message = failure("a" * 900 + "b" * 900, "==", "a" * 900 + "c" * 900)
    assert "first difference at character 901: 'b" in message
    assert "instead of 'c" in message
    assert "(1800 characters)" in message
    assert len(message) < 600


def test_a_long_value_without_a_text_is_cut():
    message = failure("x" * 5000, "contains", "needle")
    assert message.startswith("The thing should contain 'needle', got 'xxx")
    assert message.endswith("… (5000 characters)")
    assert len(message) < 500


def test_a_message_of_the_row_replaces_the_usual_one():
    with pytest.raises(AssertionError, match=r"^too slow: 9$"):
        verify(9, AssertionOperator["<"], 5, "The thing", "too slow: {value}")


def test_a_value_that_holds_is_returned():
    assert verify(["a", "b"], AssertionOperator["contains"], ["b"], "The thing", None) == ["a", "b"]
    assert verify("ab", AssertionOperator["matches"], "^a", "The thing", None) == "ab"
    assert verify(None, None, None, "The thing", None) is None


def test_a_regular_expression_that_is_none_breaks_the_row_and_is_named():
    with pytest.raises(ValueError, match=r"The thing cannot be matched with '\[', no regular expression: unterminated"):
        verify("x", AssertionOperator["matches"], "[", "The thing", None)
