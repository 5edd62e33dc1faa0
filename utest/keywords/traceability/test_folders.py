"""What a run does to its output folder: locks it, and loses nothing that is still needed."""

import os
import subprocess
import sys
import time

import pytest

from keywords.run.output_lock import LOCK
from keywords.traceability.results import read_output
from utest.python_runs import run_python

WAIT = """
import time
from pathlib import Path

def wait_until_the_other_has_tried(folder):
    Path(folder, "begun").touch()
    for _ in range(600):
        if Path("go").exists():
            return
        time.sleep(0.1)
    raise AssertionError("the other run did not end")
"""
# A cache folder that cannot be made: the Allure page is left out at once.
ENVIRONMENT = {**os.environ, "XDG_CACHE_HOME": __file__}
ROBOT = ("robot", "--pythonpath", ".", "--outputdir", "results")
QA_RUN = ("keywords.qa.cli", "run", "--pythonpath", ".")


def start(project, command, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", *command, *arguments, "suites"],
        cwd=project.root,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def qa_run(project, *arguments):
    return run_python(*QA_RUN, *arguments, cwd=project.root, environment=ENVIRONMENT)


def kept(project):
    """When each file of the project was written last."""
    return {path: path.stat().st_mtime_ns for path in project.root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def passed(start_project):
    """A project after a `qa run` whose row passed."""
    project = start_project()
    assert qa_run(project, "--include", "smoke", "suites").returncode == 0
    return project


@pytest.fixture(scope="module")
def failed(start_project):
    """A project after a run with a failed row, and with a file of the user's own."""
    project = start_project()
    assert project.robot().returncode == 1
    project.write("matrix/film.txt", "mine")
    return project


def hold_row(project):
    """Let the smoke row wait for the file `go`."""
    project.write("wait.py", WAIT)
    project.replace("suites/api/chat.robot", "Library      wire.Wire", "Library      wire.Wire\nLibrary      wait.py")
    row = "smoke\n    Wait Until The Other Has Tried    ${OUTPUT DIR}\n"
    project.replace("suites/api/chat.robot", "smoke\n    Talk\n", row)


def wait_for(path):
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    raise TimeoutError(path)


@pytest.mark.parametrize("first", [ROBOT, QA_RUN])
@pytest.mark.parametrize("second", [ROBOT, QA_RUN])
def test_a_second_run_in_the_folder_stops_first(project, first, second):
    hold_row(project)
    running = start(project, first, "--exclude", "kind:negative")
    wait_for(project.results / "begun")
    late = start(project, second, "--include", "kind:negative")
    stdout, stderr = late.communicate(timeout=60)
    (project.root / "go").touch()
    assert late.returncode == (252 if second == QA_RUN else 1), stdout + stderr
    assert "another run, process " in stdout + stderr
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 0, stdout + stderr
    results = read_output(project.results / "output.xml").results
    assert [(result.row.name, result.status) for result in results] == [
        ("A question is answered", "PASS"),
        ("A stream ends", "SKIP"),
    ]
    assert (project.results / results[0].evidence).is_file()
    assert not (project.results / LOCK).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no open file")
def test_of_runs_that_begin_at_the_same_moment_one_keeps_its_output(project):
    hold_row(project)
    begun = [start(project, ROBOT, "--include", "smoke") for _ in range(3)]
    for _ in range(600):
        if sum(process.poll() is not None for process in begun) == 2:
            break
        time.sleep(0.1)
    (project.root / "go").touch()
    ends = [(process.communicate(timeout=60), process.returncode) for process in begun]
    assert [code for _, code in ends].count(0) == 1, ends
    (result,) = read_output(project.results / "output.xml").results
    assert (result.row.name, result.status) == ("A question is answered", "PASS")


def test_a_run_of_the_rows_that_failed_reads_the_earlier_output(project):
    assert qa_run(project, "suites").returncode == 1
    process = qa_run(project, "--rerunfailed", "results/output.xml", "suites")
    assert process.returncode == 1, process.stdout + process.stderr
    results = read_output(project.results / "output.xml").results
    assert [result.row.name for result in results] == ["A refusal names the field"]


@pytest.mark.parametrize("option", ["--rerunfailed", "-R", "--ReRunFailedSuites=", "-S"])
def test_without_a_failed_row_the_earlier_output_stays(passed, option):
    before = kept(passed)
    joined = option.endswith("=")
    arguments = [f"{option}results/output.xml"] if joined else [option, "results/output.xml"]
    process = qa_run(passed, *arguments, "suites")
    assert process.returncode == 252
    assert "passed" in process.stdout + process.stderr
    assert kept(passed) == before


@pytest.mark.parametrize(
    ("name", "text", "option"),
    [
        ("rows.args", "--include smoke\n", "--argumentfile"),
        ("rows.args", "--include smoke\n", "-A"),
        ("vars.yaml", "X: 1\n", "--variablefile"),
        ("vars.py", "X = 1\n", "-V"),
    ],
)
def test_a_file_that_the_run_would_remove_is_refused(project, name, text, option):
    path = project.write(f"results/work/{name}", text)
    process = qa_run(project, option, f"results/work/{name}", "suites")
    assert process.returncode == 252
    assert "copy it elsewhere first" in process.stderr
    assert path.read_text() == text


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["--version"], ["--randomize", "nonsense", "suites"]])
def test_what_is_no_run_removes_nothing(project, arguments):
    page = project.write("results/log.html", "an earlier run")
    assert qa_run(project, *arguments).returncode != 0
    assert page.exists()


def test_the_output_goes_where_the_arguments_say(project):
    process = qa_run(project, "-d", "elsewhere/part", "--include", "smoke", "suites")
    assert process.returncode == 0, process.stdout + process.stderr
    for page in ("matrix/index.html", "log.html", "evidence"):
        assert (project.root / "elsewhere" / "part" / page).exists()
    assert not project.results.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rerunfailed", "results/output.xml", "--output", "again.xml", "suites"), "leave out --output and"),
        (("--output", "NONE", "suites"), "leave out --output and"),
        (("--timestampoutputs", "suites"), "leave out --output and"),
        (("-d", ".", "suites"), "choose a folder of its own by --outputdir"),
        (("--outputdir", "suites", "suites"), "choose a folder of its own by --outputdir"),
        (("suite",), "there is no suite: name a file or folder of suites"),
    ],
)
def test_what_would_mix_runs_or_remove_what_is_no_output_is_refused(failed, arguments, told):
    before = kept(failed)
    process = qa_run(failed, *arguments)
    assert process.returncode == 252
    assert told in process.stderr
    assert kept(failed) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--runemptysuite", "--include", "nothing"), "there was no row to run"),
        (("--skip", "kind:functional"), "all 3 rows were skipped"),
    ],
)
def test_a_run_without_an_executed_row_gives_no_verdict(project, options, reason):
    process = qa_run(project, *options, "suites")
    assert process.returncode != 0, process.stdout
    assert f"No verdict: {reason}" in process.stdout
    assert "holds" not in process.stdout


def test_a_run_from_a_folder_within_a_project_is_of_that_project(project):
    below = project.root / "suites" / "api"
    arguments = ("run", "--pythonpath", str(project.root), "--include", "smoke")
    process = run_python("keywords.qa.cli", *arguments, cwd=below, environment=ENVIRONMENT)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "../../results/matrix/index.html" in process.stdout
    assert (project.results / "matrix" / "index.html").is_file()
    assert not (below / "results").exists()
