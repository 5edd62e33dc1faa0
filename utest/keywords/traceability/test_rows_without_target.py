"""Real runs of Robot Framework: the outermost setup, which provides the target, runs only for rows that can use one."""

import pytest

from keywords.traceability.results import read_output
from keywords.traceability.skips import sort_skips

INIT = """
*** Settings ***
Library         keywords.hooks.listener.TraceabilityListener
Suite Setup     Fail    the target was provided
"""
SUITE = """
*** Settings ***
Test Tags    req:STRM-001    kind:functional
*** Test Cases ***
A row about the machine
    No Operation
"""
WITHOUT = "*** Settings ***\nMetadata    Target    none\n"


@pytest.fixture
def statuses(project):
    """The statuses of the rows, after one file was written; the row of the other suite needs what is given."""

    def statuses(needs="", folder=WITHOUT):
        project.write("suites/__init__.robot", INIT)
        (project.root / "suites/api/chat.robot").unlink()
        project.write("suites/machine/__init__.robot", folder or "*** Settings ***\n")
        project.write("suites/machine/about.robot", SUITE)
        if needs:
            other = SUITE.replace("kind:functional", f"kind:functional    {needs}").replace("the machine", "a server")
            project.write("suites/api/other.robot", other)
        project.robot()
        run = read_output(project.results / "output.xml")
        return {result.row.name: result.status for result in run.results}, sort_skips(run)

    return statuses


def test_no_target_is_provided_for_rows_about_the_machine(statuses):
    assert statuses()[0] == {"A row about the machine": "PASS"}


def test_without_the_metadata_it_is_provided(statuses):
    assert statuses(folder="")[0] == {"A row about the machine": "NOT RUN"}


def test_it_is_provided_if_one_row_needs_it(statuses):
    assert set(statuses(needs="needs:quiet-machine")[0].values()) == {"NOT RUN"}


def test_none_is_provided_for_rows_that_the_machine_cannot_run_and_their_skips_are_expected(statuses, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found, skips = statuses(needs="needs:curl    needs:own-gateway")
    assert found == {"A row about the machine": "PASS", "A row about a server": "SKIP"}
    assert {needs: len(rows) for needs, rows in skips.expected.items()} == {"curl": 1}
    assert skips.unexpected == ()
