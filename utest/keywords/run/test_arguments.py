"""Cells of a row become fields, headers, settings, numbers and words, or the row is told why not."""

import pytest
from robot import api

from keywords.run.arguments import fields, header, headers, json_or_text, labels, numbers, settings, words


@pytest.mark.parametrize(
    ("convert", "cell", "value"),
    [
        (fields, '{"n": 2, "stop": ["END", true, null]}', {"n": 2, "stop": ["END", True, None]}),
        (fields, {"tools": [1]}, {"tools": [1]}),
        (headers, "x-request-id: ticket-QA.17", {"x-request-id": "ticket-QA.17"}),
        (headers, "x-one: a:b\nx-two:", {"x-one": "a:b", "x-two": ""}),
        (headers, {"retry-after": 7}, {"retry-after": "7"}),
        (labels, "code=a status=2xx", {"code": "a", "status": "2xx"}),
        (labels, {"code": 7}, {"code": "7"}),
        (settings, "attempts=3 base_s=0.01", {"attempts": 3, "base_s": 0.01}),
        (settings, {"attempts": "3", "base_s": 1e-05}, {"attempts": 3, "base_s": 1e-05}),
        (settings, {}, {}),
        (numbers, "3 1 0.5", [3, 1, 0.5]),
        (numbers, ["3", 1], [3, 1]),
        (words, "stop  length", ["stop", "length"]),
        (words, [], []),
        (headers, " x-one : 1\n x-two: 2", {"x-one": "1", "x-two": "2"}),
        (headers, {" x-one ": "1"}, {"x-one": "1"}),
        (words, ("two words", "one"), ["two words", "one"]),
    ],
)
def test_a_cell_becomes_a_value(convert, cell, value):
    found = convert(cell)
    assert found == value
    assert repr(found) == repr(value)  # 3 is no 3.0


@pytest.mark.parametrize(
    ("convert", "cell", "message"),
    [
        (fields, "{'n': 2}", r"""expected a JSON object such as {"n": 2}, got "{'n': 2}": Expecting property name"""),
        (fields, "[1]", r"""expected a JSON object such as {"n": 2}, got '\[1\]'$"""),
        (headers, "x-request-id", r"A header must read 'Name: value', not 'x-request-id'"),
        (headers, ": 7", r"A header must read 'Name: value', not ': 7'"),
        (headers, "a: 1\na: 2", r"expected each header once, got 'a' twice"),
        (labels, "code", r"expected name=value, several with spaces between, got 'code'"),
        (labels, "a=1 a=2", r"expected each label once, got 'a' twice"),
        (settings, "attempts 3", r"expected name=number, several with spaces between, got 'attempts'"),
        (settings, "=3", r"expected name=number, several with spaces between, got '=3'"),
        (settings, "attempts=many", r"expected the value of attempts to be a number, got 'many'"),
        (settings, "open_s=inf", r"expected the value of open_s to be a number, got 'inf'"),
        (settings, "a=1 a=2", r"expected each setting once, got 'a' twice"),
        (numbers, "3 one", r"expected item 2 to be a number, got 'one'"),
        (fields, "", r"""expected a JSON object such as {"n": 2}, got ''"""),
        (fields, '{"a": 1, "a": 2}', r"expected each name of an object once, got 'a' twice"),
        (fields, '{"b": {"a": 1, "a": 2}}', r"expected each name of an object once, got 'a' twice"),
        (fields, '{"a": NaN}', r"""got '{"a": NaN}': expected a value to be a number, got 'NaN'"""),
        (fields, '{"a": 1e999}', r"expected a value to be a number, got '1e999'"),
        (fields, {"a": float("inf")}, r"expected a value to be a number, got 'Infinity'"),
        (headers, "", r"expected Name: value, got ''; for none, leave the argument out"),
        (headers, "X-A: 1\nx-a: 2", r"expected each header once, got 'x-a' twice"),
        (headers, {"X-A": 1, "x-a": 2}, r"expected each header once, got 'x-a' twice"),
        (headers, {"x-a": None}, r"expected the value of x-a to be a text or a number, got None"),
        (headers, {" ": "1"}, r"expected each name to be a text that is not empty, got ' '"),
        (labels, " ", r"expected name=value, got ' '"),
        (labels, {"code": None}, r"expected the value of code to be a text or a number, got None"),
        (settings, "", r"expected name=number, got ''"),
        (settings, {"a": True}, r"expected the value of a to be a number, got True"),
        (settings, "a=" + "9" * 400, r"expected the value of a to be a number, got '9{400}'"),
        (settings, {"a": 10**400}, r"expected the value of a to be a number, got 10{400}"),
        (settings, {"a": 1, " a": 2}, r"expected each setting once, got 'a' twice"),
        (numbers, "٣", r"expected item 1 to be a number, got '٣'"),
        (numbers, "1_000", r"expected item 1 to be a number, got '1_000'"),
        (numbers, "", r"expected numbers, got ''"),
        (numbers, [True], r"expected item 1 to be a number, got True"),
        (words, "", r"expected words, got ''"),
        (words, ["one", None], r"expected item 2 to be a text, got None"),
    ],
)
def test_a_bad_cell_is_told_with_what_was_expected(convert, cell, message):
    with pytest.raises(ValueError, match=message):
        convert(cell)


def test_a_header_is_read():
    assert header("X-Id:  two spaces") == ("X-Id", " two spaces")


@pytest.mark.parametrize(("given", "value"), [("7", 7), ("null", None), ("END", "END"), ('"7"', "7"), ([1], [1])])
def test_a_text_that_is_json_is_taken_as_json(given, value):
    assert json_or_text(given) == value


ROWS = """
*** Settings ***
Library    keywords.client.chat.ChatLibrary
Library    keywords.client.http.HttpLibrary
Library    keywords.gateway.routes.RoutesLibrary

*** Test Cases ***
extra
    Ask    Hello.    extra={'n': 2}
headers
    Send Payload    plain.json    headers=ticket
timeouts
    Write Route Config    ${1}    timeouts=total_s:1
weights
    Write Route Config    ${1}    weights=three
"""


def test_robot_names_the_argument_what_was_expected_and_what_came(tmp_path):
    suite = api.TestSuite.from_string(ROWS)
    result = suite.run(dryrun=True, output=None, console="none", outputdir=str(tmp_path))
    said = {test.name: test.message for test in result.suite.all_tests}
    assert len(said) == 4
    for name, message in said.items():
        assert f"Argument '{name}' got value" in message
    assert 'expected a JSON object such as {"n": 2}' in said["extra"]
    assert "A header must read 'Name: value', not 'ticket'" in said["headers"]
    assert "expected name=number" in said["timeouts"]
    assert "expected item 1 to be a number, got 'three'" in said["weights"]
