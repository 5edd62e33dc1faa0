"""What is started ends with its row or its suite, whatever they did."""

import sys
from types import SimpleNamespace

import pytest

from keywords.run.scopes import SCOPES, Scopes
from keywords.traceability.results import read_output
from utest.python_runs import run_python

STARTER = """
from pathlib import Path
from robot.api.deco import keyword, library
from keywords.run.scopes import SCOPES

NOTES = Path(__file__).with_name("notes")

def note(text):
    with NOTES.open("a") as file:
        file.write(text + "\\n")

@library(scope="GLOBAL", listener=SCOPES)
class Starter:
    @keyword
    def start(self, name: str):
        note(f"start {name}")
        SCOPES.remember(lambda: self.stop(name))

    def stop(self, name):
        note(f"stop {name}")
        if "stubborn" in name:
            raise ValueError(f"{name} stays")

    @keyword
    def take_faults(self):
        return SCOPES.take_faults()
"""
OTHER = """
from robot.api.deco import library
from keywords.run.scopes import SCOPES

@library(scope="GLOBAL", listener=SCOPES)
class Other:
    pass
"""
SETTINGS = """
*** Settings ***
Library    Starter.py
Library    Other.py
"""
HEAD = SETTINGS.replace("Library    ", "Library    ../")


@pytest.fixture
def run(tmp_path):
    """Run suites, and return what was noted, the results of the rows by name, and what failed after them."""

    def run(init="", **suites):
        (tmp_path / "Starter.py").write_text(STARTER)
        (tmp_path / "Other.py").write_text(OTHER)
        folder = tmp_path / "suites"
        folder.mkdir()
        (folder / "__init__.robot").write_text(HEAD + init)
        for name, text in suites.items():
            (folder / f"{name}.robot").write_text(HEAD + text)
        run_python("robot", "-d", str(tmp_path / "results"), str(folder))
        found = read_output(tmp_path / "results" / "output.xml")
        results = {each.row.name: each for each in found.results}
        return (tmp_path / "notes").read_text().splitlines(), results, " ".join(found.afterwards)

    return run


def test_a_row_ends_what_it_started_and_a_suite_what_its_setup_started(run):
    notes, _, _ = run(
        "Suite Setup    Start    root\n",
        first="Suite Setup    Start    suite\nTest Setup    Start    setup\nTest Teardown    Start    teardown\n"
        "*** Test Cases ***\nOne\n    Start    body\nTwo\n    No Operation\n",
        second="*** Test Cases ***\nThree\n    Start    three\n",
    )
    assert notes == [
        *("start root", "start suite"),
        *("start setup", "start body", "start teardown", "stop teardown", "stop body", "stop setup"),
        *("start setup", "start teardown", "stop teardown", "stop setup"),
        *("stop suite", "start three", "stop three", "stop root"),
    ]


def test_a_row_or_setup_that_fails_leaves_nothing(run):
    notes, results, _ = run(
        failing="Suite Setup    Run Keywords    Start    suite    AND    Fail\n"
        "*** Test Cases ***\nNever\n    Start    x\n",
        row="*** Test Cases ***\nFails\n    Start    row\n    Fail\nLast\n    Start    last\n",
    )
    assert notes == ["start suite", "stop suite", "start row", "stop row", "start last", "stop last"]
    assert results["Last"].status == "PASS"


def test_a_row_fails_by_what_cannot_be_stopped_and_the_rest_is_stopped_all_the_same(run):
    notes, results, _ = run(row="*** Test Cases ***\nGood\n    Start    a\n    Start    stubborn\n    Start    b\n")
    assert notes == ["start a", "start stubborn", "start b", "stop b", "stop stubborn", "stop a"]
    assert results["Good"].status == "FAIL"
    assert results["Good"].message == (
        "What was started in 'Suites.Row / Good' could not be stopped: ValueError('stubborn stays')"
    )


def test_a_failed_row_keeps_its_own_message(run):
    _, results, _ = run(row="*** Test Cases ***\nBad\n    Start    stubborn\n    Fail    of its own\n")
    assert results["Bad"].message.splitlines()[0] == "of its own"
    assert "stubborn stays" in results["Bad"].message


def test_what_a_suite_could_not_stop_can_be_told_at_the_end(run):
    _, _, afterwards = run(
        "Suite Teardown    Tell\n*** Keywords ***\nTell\n    ${faults} =    Take Faults\n    Fail    ${faults}\n",
        row="Suite Setup    Start    stubborn\n*** Test Cases ***\nGood\n    No Operation\n",
    )
    assert "What was started in 'Suites.Row' could not be stopped" in afterwards


def test_a_stop_that_is_interrupted_is_called_again_by_the_next_report_of_the_end():
    scopes, calls, interruptions = Scopes(), [], [KeyboardInterrupt]
    scopes.remember(lambda: calls.append("first"))

    def interrupted():
        calls.append("second")
        if interruptions:
            raise interruptions.pop()

    scopes.remember(interrupted)
    suite = SimpleNamespace(full_name="")
    with pytest.raises(KeyboardInterrupt):
        scopes.end_suite(suite, suite)
    scopes.end_suite(suite, suite)
    scopes.end_suite(suite, suite)
    assert calls == ["second", "second", "first"]
    assert scopes.take_faults() == []


def test_a_stop_that_exits_leaves_the_others_to_be_stopped():
    scopes, calls = Scopes(), []
    scopes.remember(lambda: calls.append("first"))
    scopes.remember(lambda: sys.exit(3))
    suite = SimpleNamespace(full_name="")
    scopes.end_suite(suite, suite)
    assert calls == ["first"]
    assert "SystemExit(3)" in scopes.take_faults()[0]


def test_there_is_no_scope_outside_a_run_of_robot():
    assert str(Scopes().here()) == ""
    assert SCOPES.take_faults() == []
