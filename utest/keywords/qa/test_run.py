"""`qa run`: real runs of Robot on suites that need no gateway."""

import os
import signal
import subprocess
import sys
import time

import pytest

LISTENER = "keywords.hooks.listener.TraceabilityListener"
REGISTER = """
- id: DEMO-001
  title: It holds
  text: It holds.
  area: demo
  risk: {likelihood: 3, impact: 4}
  needs: [functional]
  owner: quality
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "resources" / "register").mkdir(parents=True)
    (tmp_path / "resources" / "register" / "requirements.yaml").write_text(REGISTER)
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "__init__.robot").write_text(f"*** Settings ***\nLibrary    {LISTENER}\n")

    def write(body, tags="req:DEMO-001    kind:functional"):
        row = f"*** Test Cases ***\nIt holds\n    [Tags]    {tags}\n    {body}\n"
        (tmp_path / "suites" / "demo.robot").write_text(row)
        return tmp_path

    return write


def unreachable_registry(folder):
    """Settings for npm with which it can install nothing."""
    caches = {"XDG_CACHE_HOME": str(folder / "cache"), "NPM_CONFIG_CACHE": str(folder / "npm")}
    return {**caches, "NPM_CONFIG_REGISTRY": "http://127.0.0.1:9"}


def qa_run(folder, *arguments, npm=None):
    # The Allure page is left out, with a note, and nothing else is: by default at once, as no cache folder can be made.
    environment = {**os.environ, **(npm or {"XDG_CACHE_HOME": __file__})}
    command = [sys.executable, "-m", "keywords.qa.cli", "run", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=environment, text=True, start_new_session=True, **pipes)


@pytest.mark.parametrize(
    ("body", "rc", "verdict", "closing"),
    [
        ("No Operation", 0, "1 passing", "Exit criteria met as to risk: 1 high-risk requirement is proven"),
        ("Fail    no", 1, "1 failing", "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 fails)"),
        # Robot is content with these rows; the check is not.
        (
            "Skip    because",
            1,
            "1 not run",
            "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 skipped",
        ),
        ("Skip    INCONCLUSIVE: load 14", 3, "1 not run", "Exit criteria not met: 1 of 1 high-risk requirement"),
    ],
)
def test_pages_are_made_whether_the_rows_pass_or_fail(project, body, rc, verdict, closing):
    folder = project(body)
    # In one of the runs npm tries in vain.
    process = qa_run(folder, npm=unreachable_registry(folder) if rc == 0 else None)
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == rc, stdout + stderr
    assert verdict in stdout
    for page in ("matrix/index.html", "report.html", "log.html", "xunit.xml"):
        assert (folder / "results" / page).is_file()
        assert f"results/{page}" in stdout
    assert "NOTE: no Allure page" in stderr
    assert ("needs the npm registry" in stderr) is (rc == 0)
    assert any(line.startswith(closing) for line in stdout.split("Evidence  ")[1].splitlines())


def test_a_row_without_a_requirement_stops_the_run_before_it_begins(project):
    folder = project("No Operation", tags="kind:functional")
    process = qa_run(folder)
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252, stdout + stderr
    assert "It holds" in stderr


@pytest.fixture
def earlier(project):
    """A project with the output of an earlier run."""
    folder = project("No Operation", tags="kind:functional")
    names = ["allure-results/x-result.json", "allure/index.html", "children/1/log.html", "matrix/index.html"]
    names += ["evidence/row/index.html", "log.html", "report.html", "output.xml", "xunit.xml", "gateway-1.log"]
    names += ["gateway-scripted-1.toml", "flood-1.txt", "history/allure-history.jsonl", "baselines/kept.json"]
    for name in names:
        (folder / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "results" / name).touch()
    return folder


def test_a_run_that_does_not_begin_leaves_no_page_of_the_run_before(earlier):
    process = qa_run(earlier)
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252, stdout + stderr
    left = {path.relative_to(earlier / "results").as_posix() for path in (earlier / "results").rglob("*.*")}
    assert left == {"history/allure-history.jsonl", "baselines/kept.json"}


def test_a_chosen_part_is_not_held_against_the_rest(project):
    folder = project("No Operation")
    extra = "*** Test Cases ***\nAnother\n    [Tags]    req:DEMO-001    kind:functional\n    No Operation\n"
    (folder / "suites" / "extra.robot").write_text(extra)
    process = qa_run(folder, "--suite", "demo", "suites")
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 0, stdout + stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal on POSIX alone")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_rows_and_the_pages_are_still_made(project, number):
    folder = project("Evaluate    open(r'${OUTPUT_DIR}/begun', 'w').close() or __import__('time').sleep(60)")
    process = qa_run(folder)
    results = folder / "results"
    for _ in range(300):
        if (results / "begun").exists():
            break
        time.sleep(0.1)
    # A terminal sends Ctrl-C to all of its processes, and nothing else sends a signal to more than one.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    stdout, stderr = process.communicate(timeout=50)
    assert process.returncode not in (0, -number), stdout + stderr
    assert (results / "matrix" / "index.html").is_file(), stdout + stderr


def test_a_run_from_another_folder_takes_the_suites_of_this_project(tmp_path):
    process = qa_run(tmp_path, "--include", "req:NOPE-001")
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252
    assert "contains no tests" in stderr, stdout
    process = qa_run(tmp_path, "--dryrun", "--suite", "selftest")
    stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 2, stdout + stderr
    assert "No verdict: dry run" in stdout
    assert (tmp_path / "results" / "matrix" / "index.html").is_file()
