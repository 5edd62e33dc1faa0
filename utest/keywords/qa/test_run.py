"""`qa run`: real runs of Robot on suites that need no gateway."""

import os
import re
import signal
import sys
import time

import pytest


def unreachable_registry(folder):
    """Settings for npm with which it can install nothing."""
    caches = {"XDG_CACHE_HOME": str(folder / "cache"), "NPM_CONFIG_CACHE": str(folder / "npm")}
    return {**caches, "NPM_CONFIG_REGISTRY": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    "outcome",
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
        ("Skip    INCONCLUSIVE: load 14", 3, "1 inconclusive", "Exit criteria not met: 1 of 1 high-risk requirement"),
    ],
)
def test_pages_are_made_whether_the_rows_pass_or_fail(project, qa_run, outcome):
    body, rc, verdict, closing = outcome
    folder = project(body)
    # In one of the runs npm tries in vain.
    process = qa_run(folder, npm=unreachable_registry(folder) if rc == 0 else None)
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == rc, stdout + stderr
    assert verdict in stdout
    for page in ("index.html", "matrix/index.html", "report.html", "log.html", "xunit.xml"):
        assert (folder / "results" / page).is_file()
        assert f"results/{page}" in stdout
    assert "NOTE: no Allure page" in stderr
    assert ("npm registry is needed" in stderr) is (rc == 0)
    assert any(line.startswith(closing) for line in stdout.split("Evidence  ")[1].splitlines())


def test_the_dearest_rows_are_shown_on_request(project, qa_run):
    folder = project("Sleep    0.2s")
    process = qa_run(folder, "--durations", "1", "suites")
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 0, stdout + stderr
    assert re.search(r"^ +0\.[2-9]\d s  row +Suites\.Demo\.It holds$", stdout, re.MULTILINE), stdout


def test_a_count_that_is_none_stops_the_run_before_it_begins(project, qa_run):
    process = qa_run(project("No Operation"), "--durations=none")
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252, stdout + stderr
    assert stderr.startswith("qa run: --durations takes a whole number")


def test_a_row_without_a_requirement_stops_the_run_before_it_begins(project, qa_run):
    folder = project("No Operation", tags="kind:functional")
    process = qa_run(folder)
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252, stdout + stderr
    assert "It holds" in stderr


@pytest.fixture
def earlier(project):
    """A project with the output of an earlier run."""
    folder = project("No Operation", tags="kind:functional")
    names = ["allure-results/x-result.json", "allure/index.html", "work/suite/gateway-1.log", "matrix/index.html"]
    names += ["evidence/row/index.html", "log.html", "report.html", "output.xml", "xunit.xml"]
    names += ["history/allure-history.jsonl", "baselines/kept.json"]
    for name in names:
        (folder / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "results" / name).touch()
    return folder


def test_a_run_that_does_not_begin_leaves_no_page_of_the_run_before(earlier, qa_run):
    process = qa_run(earlier)
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252, stdout + stderr
    left = {path.relative_to(earlier / "results").as_posix() for path in (earlier / "results").rglob("*.*")}
    assert left == {"history/allure-history.jsonl", "baselines/kept.json"}


def test_a_chosen_part_is_not_held_against_the_rest(project, qa_run):
    folder = project("No Operation")
    extra = "*** Test Cases ***\nAnother\n    [Tags]    req:DEMO-001    kind:functional\n    No Operation\n"
    (folder / "suites" / "extra.robot").write_text(extra)
    process = qa_run(folder, "--suite", "demo", "suites")
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 0, stdout + stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal on POSIX alone")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_rows_and_the_pages_are_still_made(project, number, qa_run):
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


def test_a_run_from_another_folder_takes_the_suites_of_this_project(tmp_path, qa_run):
    process = qa_run(tmp_path, "--include", "req:NOPE-001")
    stdout, stderr = process.communicate(timeout=90)
    assert process.returncode == 252
    assert "contains no tests" in stderr, stdout
    process = qa_run(tmp_path, "--dryrun", "--suite", "selftest")
    stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 2, stdout + stderr
    assert "No verdict: dry run" in stdout
    assert (tmp_path / "results" / "matrix" / "index.html").is_file()
