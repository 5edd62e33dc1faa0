"""A run that does not start says why once, and the log opens with its rows."""

import json
import re

import pytest

from keywords.traceability.results import read_output

WHY = "No server answers at that address"


def add_setup(project, setup):
    path = project.root / "suites/__init__.robot"
    path.write_text(f"{path.read_text()}Suite Setup    {setup}\n")


def test_a_failed_start_is_told_once(project):
    add_setup(project, f"Fail    {WHY}")
    process = project.robot()
    assert process.returncode == 3
    assert (process.stdout + process.stderr).count(WHY) == 1
    assert "3 tests, 0 passed, 3 failed" in process.stdout
    assert "Output:  " in process.stdout
    assert "A stream ends" not in process.stdout
    assert read_output(project.results / "output.xml").interruption == f"the run did not start: {WHY}"


@pytest.mark.parametrize("console", ["dotted", "quiet", "none"])
def test_another_console_stays_as_it_is(project, console):
    add_setup(project, f"Fail    {WHY}")
    process = project.robot("--console", console)
    assert process.returncode == 3
    assert (WHY in process.stdout) == (console == "dotted")


def test_a_setup_below_keeps_the_other_rows_on_the_console(project):
    project.replace("suites/api/chat.robot", "*** Settings ***\n", f"*** Settings ***\nSuite Setup    Fail    {WHY}\n")
    process = project.robot()
    assert "A stream ends" in process.stdout


@pytest.mark.parametrize(
    "options",
    [("-v", "GATEWAY_ULR:http://host:1"), ("-v", "modle:x"), ("-V", "variables/mine.yaml"), ("-v", "LIMT_S:1")],
)
def test_a_variable_one_slip_away_from_a_known_one_stops_the_run(project, options):
    project.write("variables/defaults.yaml", "LIMIT_S: 1\n")
    project.write("variables/mine.yaml", "MINE: 1\nLIMIT_SS: 2\n")
    process = project.robot(*options)
    assert process.returncode == 3
    assert re.search(
        r"Not started: no suite reads the variable \w+; did you mean (GATEWAY_URL|MODEL|LIMIT_S)\?", process.stdout
    )
    assert {result.status for result in read_output(project.results / "output.xml").results} == {"NOT RUN"}


def test_variables_of_the_users_own_and_of_the_suites_are_allowed(project):
    project.write("variables/defaults.yaml", "LIMIT_S: 1\n")
    project.replace("suites/api/chat.robot", "*** Test Cases", "*** Variables ***\n${MODELS}    2\n\n*** Test Cases")
    process = project.robot("-v", "HOST:x", "-v", "LIMIT_S:2", "-v", "MODELS:3", "--include", "smoke")
    assert process.returncode == 0, process.stdout


def statistics(page):
    data = re.search(r'window\.output\["stats"\] = (.*);', page.read_text())[1]
    return [line["label"] for line in json.loads(data)[1]]


def test_log_and_report_open_without_a_line_for_each_requirement(project):
    project.robot()
    for page in ("log.html", "report.html"):
        assert statistics(project.results / page) == ["kind:functional", "kind:negative", "smoke"]


def test_statistics_that_the_user_asks_for_are_shown(project):
    project.robot("--tagstatinclude", "req:*")
    assert statistics(project.results / "log.html") == ["req:CHAT-001", "req:STRM-001"]
