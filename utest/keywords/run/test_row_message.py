"""What a row measured stands in its message."""

import pytest
from assertionengine import AssertionOperator
from robot import api

from keywords.run.row_message import limit, percent

LIBRARY = """
from robot.api.deco import keyword
from keywords.run.row_message import append_test_message

@keyword
def measure(sentence: str):
    append_test_message(sentence)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / "measuring.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)

    def run(body, setup=""):
        text = f"*** Settings ***\nLibrary    measuring\n{setup}\n*** Test Cases ***\nA row\n{body}"
        return api.TestSuite.from_string(text).run(output=None, console="none", outputdir=str(tmp_path)).suite.tests[0]

    return run


def test_a_passed_row_keeps_its_sentences(run):
    row = run("    Measure    4 of 20\n    Measure    bound 7 %\n")
    assert (row.status, row.message) == ("PASS", "4 of 20; bound 7 %")


def test_a_failure_takes_their_place(run):
    row = run("    Measure    4 of 20\n    Fail    too many\n")
    assert (row.status, row.message) == ("FAIL", "too many")


def test_outside_of_a_row_it_is_only_logged(run):
    row = run("    No Operation\n", setup="Suite Setup    Measure    4 of 20")
    assert (row.status, row.message) == ("PASS", "")


@pytest.mark.parametrize(
    ("operator", "words"),
    [("<=", ", accepted at most 35 %"), (">", ", required above 35 %"), ("!=", ", != 35 %")],
)
def test_a_limit_is_told_in_words(operator, words):
    assert limit(AssertionOperator[operator], 0.35) == words


def test_without_a_judgement_there_is_no_limit():
    assert limit(None, None) == ""


def test_a_share_is_shown_with_three_figures():
    assert [percent(share) for share in (0, 0.0714, 0.35, 1)] == ["0 %", "7.14 %", "35 %", "100 %"]
