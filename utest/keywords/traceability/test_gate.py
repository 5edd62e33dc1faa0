"""Nothing lets a row pass unchecked or without evidence: real runs that something breaks."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from keywords.traceability.results import read_output
from utest.python_runs import run_python

MODIFIER = ("--prerunmodifier", "keywords.hooks.modifier.RegisterModifier")
REGISTER = "resources/register/requirements.yaml"
UNREADABLE = ["2026-02-30", "0000-00-00", "0b_", "!!timestamp x", "[" * 5000]


def statuses(project):
    return [result.status for result in read_output(project.results / "output.xml").results]


def qa(project, *arguments):
    return run_python("keywords.qa.cli", *arguments, cwd=project.root)


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_register_that_yaml_stumbles_over_stops_the_run(project, value):
    project.replace(REGISTER, "owner: gateway", f"owner: {value}")
    project.replace("suites/api/chat.robot", "req:STRM-001", "")
    process = project.robot()
    assert process.returncode == 3
    assert "Not started: the rows and the register disagree" in process.stdout
    assert "requirements.yaml: " in process.stderr
    assert "Traceback" not in process.stderr
    assert set(statuses(project)) == {"NOT RUN"}


@pytest.mark.parametrize("value", [UNREADABLE[0], UNREADABLE[-1]])
def test_a_register_that_yaml_stumbles_over_is_named_before_the_run(project, value):
    project.replace(REGISTER, "owner: gateway", f"owner: {value}")
    process = project.robot(*MODIFIER)
    assert process.returncode == 252, process.stdout
    assert "requirements.yaml: " in process.stderr
    for command in ("check", "matrix"):
        process = qa(project, command)
        assert process.returncode == 2
        assert "requirements.yaml: " in process.stderr
        assert "Traceback" not in process.stderr


BREAKS = """
from robot.api.deco import library
import keywords.hooks.listener as listener
import keywords.hooks.modifier as modifier
import keywords.hooks.output as output

def fail(*_, **__):
    raise KeyError("a fault nobody foresaw")

for place in {places}:
    module, name = place.split(".")
    setattr(globals()[module], name, fail)

@library
class breaks:
    pass
"""


def break_functions(project, *places):
    """Let functions of the listener fail, whatever the reason."""
    project.write("breaks.py", BREAKS.format(places=list(places)))
    project.replace("suites/__init__.robot", "*** Settings ***\n", "*** Settings ***\nLibrary    breaks\n")


@pytest.mark.parametrize(
    "place",
    ["listener.commit", "output.remove_own", "listener.enrich", "listener.missing_init", "output.begin_run"],
)
def test_any_fault_at_the_start_stops_the_run_with_its_reason(project, place):
    break_functions(project, place)
    process = project.robot()
    assert process.returncode == 3
    assert "a fault nobody foresaw" in process.stdout
    assert set(statuses(project)) == {"NOT RUN"}
    run = read_output(project.results / "output.xml")
    assert run.interruption.startswith("the run did not start: the listener failed")


def test_any_fault_in_the_modifier_ends_the_run(project):
    project.write("breaks.py", BREAKS.format(places=["modifier.row_findings"]))
    process = project.robot("--prerunmodifier", "breaks.breaks", *MODIFIER)
    assert process.returncode == 252
    assert "a fault nobody foresaw" in process.stderr


@pytest.mark.parametrize("place", ["listener.Workings", "listener.write_row", "listener.rerun_command"])
def test_any_fault_within_a_row_fails_it(project, place):
    break_functions(project, place)
    process = project.robot("--include", "smoke")
    assert process.returncode == 1
    assert "a fault nobody foresaw" in process.stdout
    assert statuses(project) == ["FAIL"]


def test_a_fault_at_the_end_fails_the_run(project):
    break_functions(project, "output.end_run")
    process = project.robot("--include", "smoke")
    assert process.returncode == 1
    run = read_output(project.results / "output.xml")
    assert "a fault nobody foresaw" in run.afterwards[0]


def test_the_evidence_behind_a_link_is_emptied(project):
    kept = project.root / "elsewhere"
    kept.mkdir()
    project.results.mkdir()
    (project.results / "evidence").symlink_to(kept)
    project.robot()
    (kept / "old").mkdir()
    process = project.robot("--include", "smoke")
    assert (process.returncode, process.stderr) == (0, "")
    assert (project.results / "evidence").is_symlink()
    assert len(list(kept.glob("*/row.json"))) == 1
    assert not (kept / "old").exists()


def test_a_link_to_a_folder_of_other_files_is_left_alone(project):
    kept = project.write("mine/letter.txt", "Dear Ann")
    project.results.mkdir()
    (project.results / "evidence").symlink_to(kept.parent)
    process = qa(project, "run", "--include", "smoke", "suites")
    assert process.returncode == 252
    assert "remove the link" in process.stderr + process.stdout
    assert kept.read_text() == "Dear Ann"


def test_a_file_where_the_evidence_belongs_stops_the_run(project):
    project.write("results/evidence", "")
    process = project.robot()
    assert process.returncode == 3
    assert "Not started: the evidence cannot be written: [Errno 17]" in process.stdout
    assert set(statuses(project)) == {"NOT RUN"}
    process = qa(project, "run", "suites")
    assert process.returncode == 252
    assert "where a run writes a folder, a file stands; remove it" in process.stderr + process.stdout


def test_evidence_that_cannot_be_written_fails_its_row_and_stops_the_run(project):
    project.write(
        "lose.py",
        """
        import shutil
        def lose(folder):
            shutil.rmtree(folder)
            open(folder, "w").close()
        """,
    )
    project.replace("suites/api/chat.robot", "Library      wire.Wire", "Library      wire.Wire\nLibrary      lose.py")
    project.replace("suites/api/chat.robot", "smoke\n    Talk\n", "smoke\n    Lose    ${OUTPUT DIR}/evidence\n")
    teardown = "Suite Teardown    Log    the gateway is stopped    console=yes\n"
    project.write("suites/__init__.robot", (project.root / "suites/__init__.robot").read_text() + teardown)
    allure = ("--listener", "allure_robotframework:results/allure-results")
    process = project.robot(*allure)
    assert process.returncode == 3
    assert "The row left no evidence: the evidence cannot be written" in process.stdout
    assert "the gateway is stopped" in process.stdout
    assert statuses(project) == ["FAIL", "NOT RUN", "NOT RUN"]
    run = read_output(project.results / "output.xml")
    assert run.interruption.startswith("the run was stopped, 2 of 3 rows did not run: the evidence cannot be written")
    shown = [json.loads(path.read_bytes()) for path in (project.results / "allure-results").glob("*-result.json")]
    assert "passed" not in {result["status"] for result in shown}


def test_a_row_keeps_the_requirements_that_it_was_written_with(project):
    steps = "    Set Tags    req:NOPE-001    req:STRM-001    mine\n"
    steps += "    Remove Tags    req:CHAT-*    kind:*\n    Fail    no\n"
    project.replace("suites/api/chat.robot", "smoke\n    Talk\n", f"smoke\n{steps}")
    process = project.robot("--include", "smoke")
    (result,) = read_output(project.results / "output.xml").results
    assert result.status == "FAIL"
    assert result.row.tags == ("kind:functional", "mine", "req:CHAT-001", "smoke")
    assert result.evidence
    assert "set req:NOPE-001, req:STRM-001 while it ran: write it in its [Tags]" in process.stderr


def test_a_title_that_reads_like_a_pattern_takes_no_tag_away(project):
    project.replace(REGISTER, '"A question is answered: plainly"', '"Streams OR smoke, choices[0] \\\\\\\\d ${x}"')
    source = "source: https://example.org/?a=1&b=2"
    project.replace(REGISTER, "source: somebody/something#12 shows it", source)
    process = project.robot("--listener", "allure_robotframework:results/allure-results", "--include", "smoke")
    assert process.stderr == ""
    (result,) = read_output(project.results / "output.xml").results
    assert result.row.tags == ("kind:functional", "req:CHAT-001", "smoke")
    assert "allure." not in (project.results / "output.xml").read_text()
    (path,) = (project.results / "allure-results").glob("*-result.json")
    features = [label["value"] for label in json.loads(path.read_bytes())["labels"] if label["name"] == "feature"]
    assert features == ["CHAT-001 Streams OR smoke, choices[0] \\\\d ${x}"]


@pytest.mark.parametrize("option", ["--dryrun", "--dry-run"])
def test_a_dry_run_is_no_proof(project, option):
    project.replace("suites/api/chat.robot", "    Talk\n", "    Fail    boom\n")
    assert project.robot(option).returncode == 0
    run = read_output(project.results / "output.xml")
    assert run.interruption == "dry run, which executes no row"
    assert {result.status for result in run.results} == {"NOT RUN"}
    shutil.rmtree(project.results)
    process = qa(project, "run", option, "suites")
    assert process.returncode == 2
    assert "No verdict: dry run" in process.stdout
    assert "hold" not in process.stdout
    assert "No verdict: dry run" in (project.results / "matrix" / "matrix.md").read_text()
    assert "dry run" in qa(project, "check", "--output", "results/output.xml").stderr


@pytest.mark.parametrize(
    "message",
    [
        "Not started: the model process exited with 1",
        "Execution terminated by signal SIGKILL: llama-server",
        "Execution terminated by signal",
        "Parent suite setup failed:\\nno",
        "Test execution stopped due to a fatal error.",
        "Failure occurred and exit-on-failure mode is in use.",
    ],
)
def test_a_row_that_failed_is_failing_whatever_its_message_says(project, message):
    project.replace("suites/api/chat.robot", "smoke\n    Talk\n", f"smoke\n    Fail    {message}\n")
    project.robot()
    run = read_output(project.results / "output.xml")
    assert [result.status for result in run.results] == ["FAIL", "FAIL", "SKIP"]
    assert run.interruption == ""


def test_a_setup_that_fails_in_html_was_no_start(project):
    setup = "Suite Setup    Fail    *HTML*<b>x</b> &amp; y\n"
    project.write("suites/__init__.robot", (project.root / "suites/__init__.robot").read_text() + setup)
    project.robot()
    run = read_output(project.results / "output.xml")
    assert {result.status for result in run.results} == {"NOT RUN"}
    assert run.interruption == "the run did not start: x & y"


def test_several_paths_are_checked_as_one_is(project):
    project.write("more/__init__.robot", (project.root / "suites/__init__.robot").read_text())
    row = "*** Test Cases ***\nIt proves nothing\n    No Operation\n"
    path = project.write("more/other.robot", row)
    process = project.robot("suites", suites="more")
    assert process.returncode == 4
    assert "It proves nothing' has no requirement" in process.stderr
    assert set(statuses(project)) == {"NOT RUN"}
    path.write_text(row.replace("    No", "    [Tags]    req:STRM-001    kind:functional\n    No"))
    assert project.robot("suites", suites="more").returncode == 1
    run = read_output(project.results / "output.xml")
    assert all(result.evidence for result in run.results)
    assert run.metadata == {"Model": "m"}
    project.robot("--dryrun", "suites", suites="more")
    assert read_output(project.results / "output.xml").interruption == "dry run, which executes no row"


@pytest.mark.parametrize("breaking", [True, False])
def test_a_listener_that_cannot_be_imported_lets_no_setup_pass(project, breaking):
    setup = "Suite Setup    Run Should Be Checked\n"
    project.write("suites/__init__.robot", (project.root / "suites/__init__.robot").read_text() + setup)
    project.write("sitecustomize.py", "import sys\n" + ("sys.modules['jinja2'] = None\n" if breaking else ""))
    command = [
        sys.executable,
        "-m",
        "robot",
        "--pythonpath",
        ".",
        "--outputdir",
        "results",
        "--include",
        "smoke",
        "suites",
    ]
    path = f"{project.root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "PYTHONPATH": path}
    process = subprocess.run(command, cwd=project.root, capture_output=True, text=True, env=environment, check=False)
    assert process.returncode == (1 if breaking else 0), process.stdout + process.stderr
    assert ("PASS" in statuses(project)) != breaking
