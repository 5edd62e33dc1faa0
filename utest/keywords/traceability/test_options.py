"""Options of Robot and changes under way that would turn a refusal or a failure into something better."""

import sys

import pytest

from keywords.traceability.results import read_output
from utest.python_runs import run_python

CHAT = "suites/api/chat.robot"
REGISTER = "resources/register/requirements.yaml"
IMPORTS = "Library      wire.Wire"
NAP = """
import os
import signal
import time

def be_interrupted():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
"""


def statuses(project):
    return [result.status for result in read_output(project.results / "output.xml").results]


@pytest.mark.parametrize("option", [("--skiponfailure", "kind:*"), ("--skiponfailure", "NOT x"), ("--skip", "kind:*")])
def test_a_refused_run_fails_whatever_robot_shall_skip(project, option):
    project.replace(REGISTER, "owner: gateway", "owner: 2026-02-30")
    process = project.robot(*option)
    assert process.returncode == 3, process.stdout
    assert set(statuses(project)) == {"NOT RUN"}
    run = read_output(project.results / "output.xml")
    assert run.interruption.startswith("the run did not start: the rows and the register disagree")


def test_a_tag_that_skips_on_failure_does_not_soften_a_refusal(project):
    project.replace(REGISTER, "owner: gateway", "owner: 2026-02-30")
    project.replace(CHAT, "smoke", "smoke    robot:skip-on-failure")
    assert project.robot("--include", "smoke").returncode == 1
    assert statuses(project) == ["NOT RUN"]


@pytest.mark.parametrize("change", ["Set Tags    req:NOPE-001    req:STRM-001", "Remove Tags    req:*    kind:*"])
def test_a_setup_changes_no_requirement_of_the_rows(project, change):
    project.replace(CHAT, IMPORTS, f"{IMPORTS}\nSuite Setup    {change}")
    project.robot()
    results = read_output(project.results / "output.xml").results
    assert [(result.status, result.row.requirements) for result in results] == [
        ("PASS", ("CHAT-001",)),
        ("FAIL", ("CHAT-001",)),
        ("SKIP", ("STRM-001",)),
    ]
    assert results[1].evidence


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal on POSIX alone")
@pytest.mark.parametrize("place", ["[Setup]    ", "", "[Teardown]    "])
def test_a_row_that_ctrl_c_ends_was_not_run_wherever_it_came(project, place):
    project.write("nap.py", NAP)
    project.replace(CHAT, IMPORTS, f"{IMPORTS}\nLibrary      nap.py")
    project.replace(CHAT, "smoke\n    Talk\n", f"smoke\n    {place}Be Interrupted\n    Talk\n")
    project.robot()
    assert statuses(project) == ["NOT RUN", "NOT RUN", "NOT RUN"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal on POSIX alone")
def test_a_row_that_failed_before_ctrl_c_ended_its_teardown_has_failed(project):
    project.write("nap.py", NAP)
    project.replace(CHAT, IMPORTS, f"{IMPORTS}\nLibrary      nap.py")
    project.replace(CHAT, "smoke\n    Talk\n", "smoke\n    [Teardown]    Be Interrupted\n    Fail    boom\n")
    project.robot()
    assert statuses(project) == ["FAIL", "NOT RUN", "NOT RUN"]


@pytest.mark.parametrize("merged", [("first", "dry"), ("dry", "first")])
def test_a_dry_run_that_was_merged_with_another_is_no_proof(project, merged):
    project.robot("--outputdir", "first")
    project.robot("--outputdir", "dry", "--dryrun")
    options = ("--outputdir", "results", "--output", "output.xml", "--merge")
    outputs = [f"{folder}/output.xml" for folder in merged]
    run_python("robot.rebot", *options, *outputs, cwd=project.root)
    assert statuses(project) == ["NOT RUN", "NOT RUN", "NOT RUN"]


def test_a_dry_run_that_no_listener_saw_is_no_proof(project):
    project.write("suites/__init__.robot", "*** Settings ***\nDocumentation    Without the listener\n")
    assert project.robot("--dryrun").returncode == 0
    run = read_output(project.results / "output.xml")
    assert set(statuses(project)) == {"NOT RUN"}
    assert run.interruption == "the run did not start: no step of it was executed, as in a dry run"


@pytest.mark.parametrize(
    ("steps", "status"),
    [("FOR    ${each}    IN    @{EMPTY}\n        Fail    never\n    END", "NOT RUN"), ("VAR    ${x}    1", "PASS")],
)
def test_a_row_that_executes_no_step_proves_nothing(project, steps, status):
    project.replace(CHAT, "smoke\n    Talk\n", f"smoke\n    {steps}\n")
    project.robot()
    assert statuses(project) == [status, "FAIL", "SKIP"]


@pytest.mark.parametrize("soften", [["--skiponfailure", "kind:*"], ["--skip-on-failure", "NOT x"]], ids=" ".join)
def test_a_failed_row_stays_failed_whatever_robot_shall_make_of_it(project, soften):
    process = project.robot(*soften)
    assert process.returncode == 0, process.stdout
    assert statuses(project) == ["PASS", "FAIL", "SKIP"]


def test_qa_run_ends_with_a_failure_that_robot_was_told_to_skip(project):
    words = ("run", "--pythonpath", ".", "--skiponfailure", "kind:*", "suites")
    process = run_python("keywords.qa.cli", *words, cwd=project.root)
    assert process.returncode == 1, process.stdout + process.stderr
