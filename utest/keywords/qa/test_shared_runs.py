"""`qa run` in several processes of Robot: real runs on suites that need no gateway."""

import json
import os
import signal
import sys
import time

import psutil
import pytest
from robot.api import ExecutionResult

from keywords.qa.processes import RobotProcesses
from keywords.qa.progress import Progress
from keywords.qa.signals import passing_signals_on
from keywords.run.shared_run import Part
from keywords.traceability.results import NOT_RUN, read_output

ROW = "{name}\n    [Tags]    req:DEMO-001    kind:functional{tags}\n    {body}\n"
POLL_S = 0.05


@pytest.fixture
def suites(empty_project):
    """Writes suites: by the name of the file the bodies of its rows; returns the folder of the project."""

    def write(**bodies):
        for name, rows in bodies.items():
            quiet = "    needs:quiet-machine" if name.startswith("quiet") else ""
            path = empty_project / "suites" / f"{name.replace('__', '/')}.robot"
            path.parent.mkdir(exist_ok=True)
            body = [ROW.format(name=f"{name} {number}", body=row, tags=quiet) for number, row in enumerate(rows, 1)]
            path.write_text("*** Settings ***\nLibrary    OperatingSystem\n\n*** Test Cases ***\n" + "".join(body))
        return empty_project

    return write


def ended(process, timeout=120):
    stdout, stderr = process.communicate(timeout=timeout)
    return process.returncode, stdout + stderr


def wait_for(*paths):
    for _ in range(int(30 / POLL_S)):
        if all(path.exists() for path in paths):
            return
        time.sleep(POLL_S)
    raise AssertionError(f"{paths} did not come")


def processes_of_rows(qa):
    found = [child for child in psutil.Process(qa.pid).children() if "keywords.qa.part" in child.cmdline()]
    assert found
    return found


MEET = "Evaluate    open(r'${OUTPUT DIR}/%s', 'w').close()\n    Wait Until Created    ${OUTPUT DIR}/%s    20 s"


def test_suites_run_side_by_side(suites, qa_run):
    folder = suites(one=[MEET % ("one", "two")], two=[MEET % ("two", "one")])
    code, told = ended(qa_run(folder, "--processes", "2"))
    assert code == 0, told
    assert "2 of 2 rows, 0 failed" in told


def test_one_process_runs_one_suite_after_the_other(suites, qa_run):
    wait = "Evaluate    open(r'${OUTPUT DIR}/one', 'w').close()\n    Wait Until Created    ${OUTPUT DIR}/two    1 s"
    folder = suites(one=[wait], two=["Evaluate    open(r'${OUTPUT DIR}/two', 'w').close()"])
    code, told = ended(qa_run(folder, "--processes", "1"))
    assert code == 1, told
    assert "FAIL  Suites.One :: one 1\n" in told


def test_several_processes_leave_what_one_does(suites, qa_run):
    folder = suites(
        b__two=["No Operation", "Fail    *HTML* <b>no</b>", "Skip    because"],
        a__ten=["Log    ü", "No Operation"],
        a__nine=["Fail    no", "No Operation", "No Operation"],
        c=["Set Test Message    told"],
    )
    code = ended(qa_run(folder, "--processes", "1", "--outputdir", "serial"))[0]
    assert ended(qa_run(folder, "--processes", "3", "--outputdir", "shared"))[0] == code == 2
    serial, shared = (
        json.loads((folder / name / "matrix" / "matrix.json").read_text()) for name in ("serial", "shared")
    )
    assert len(shared["rows"]) == 9
    assert [_lasting(row) for row in shared["rows"]] == [_lasting(row) for row in serial["rows"]]
    ids = [[(test.id, test.full_name) for test in _tests(folder / name)] for name in ("serial", "shared")]
    assert ids[0] == ids[1]
    for test in _tests(folder / "shared"):
        pages = [page.read_text() for page in (folder / "shared" / "evidence").glob("*/index.html")]
        assert sum(f'log.html#{test.id}"' in page and f"{test.name}<" in page for page in pages) == 1
    assert not (folder / "shared" / "work" / "parts").exists()


def _tests(results):
    return ExecutionResult(results / "output.xml").suite.all_tests


def _lasting(row):
    return {name: value for name, value in row.items() if name not in {"elapsed_s", "started"}}


def test_suites_that_need_a_quiet_machine_run_last_and_one_at_a_time(suites, qa_run):
    folder = suites(quiet_one=["Sleep    0.3"], quiet_two=["Sleep    0.3"], a=["Sleep    0.5"], z=["Sleep    0.5"])
    code, told = ended(qa_run(folder, "--processes", "3"))
    assert code == 0, told
    spans = {test.name: (test.start_time, test.end_time) for test in _tests(folder / "results")}
    assert min(spans["quiet_one 1"][0], spans["quiet_two 1"][0]) > max(spans["a 1"][1], spans["z 1"][1])
    first, second = sorted((spans["quiet_one 1"], spans["quiet_two 1"]))
    assert first[1] < second[0]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal on POSIX alone")
def test_a_killed_process_costs_only_its_own_rows(suites, qa_run):
    held = "Evaluate    open(r'${OUTPUT DIR}/%s', 'w').write(str(__import__('os').getpid()))\n    %s"
    folder = suites(
        one=["No Operation", held % ("one", "Sleep    60"), "No Operation"],
        two=[held % ("two", "Wait Until Created    ${OUTPUT DIR}/one    20 s\n    Sleep    1"), "No Operation"],
    )
    qa = qa_run(folder, "--processes", "2")
    wait_for(folder / "results" / "one", folder / "results" / "two")
    time.sleep(0.3)
    os.kill(int((folder / "results" / "one").read_text()), signal.SIGKILL)
    code, told = ended(qa)
    assert code not in (0, None), told
    statuses = {result.row.name: result.status for result in read_output(folder / "results" / "output.xml").results}
    assert statuses == {"one 1": "PASS", "one 2": "FAIL", "one 3": NOT_RUN, "two 1": "PASS", "two 2": "PASS"}
    assert "was ended by signal 9" in told
    assert "No verdict" in told


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal on POSIX alone")
def test_processes_whose_run_was_killed_begin_no_further_row(suites, qa_run):
    begin = "Evaluate    open(r'${OUTPUT DIR}/begun', 'w').close()\n    Sleep    4"
    folder = suites(one=[begin, "Evaluate    open(r'${OUTPUT DIR}/second', 'w').close()"])
    qa = qa_run(folder, "--processes", "2")
    wait_for(folder / "results" / "begun")
    rows = processes_of_rows(qa)
    qa.kill()
    qa.wait()
    code, told = ended(qa_run(folder))
    assert code == 252
    assert f"process {rows[0].pid} of a run that was killed still ends its row" in told
    assert psutil.wait_procs(rows, timeout=30)[1] == []
    assert not (folder / "results" / "second").exists()
    # What is left hinders no later run.
    suites(one=["No Operation"])
    assert ended(qa_run(folder))[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal on POSIX alone")
def test_ctrl_c_ends_all_processes_and_every_row_is_accounted_for(suites, qa_run):
    body = "Evaluate    open(r'${OUTPUT DIR}/%s', 'w').close()\n    Sleep    60"
    folder = suites(one=[body % "one", "No Operation"], two=[body % "two"], quiet=["No Operation"])
    qa = qa_run(folder, "--processes", "2")
    wait_for(folder / "results" / "one", folder / "results" / "two")
    rows = processes_of_rows(qa)
    os.killpg(qa.pid, signal.SIGINT)
    code, told = ended(qa)
    assert code not in (0, -signal.SIGINT), told
    assert psutil.wait_procs(rows, timeout=5)[1] == []
    run = read_output(folder / "results" / "output.xml")
    assert len(run.results) == 4
    assert {result.status for result in run.results} <= {"FAIL", NOT_RUN}
    assert run.interruption
    assert (folder / "results" / "matrix" / "index.html").is_file()


def _holding(folder, *secrets):
    """The files that hold one of the secrets."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


def test_no_file_of_a_part_holds_a_secret(suites, qa_run):
    key, password = "sk-" + "very-secret-9876543210", "pass" + "word-of-nobody-77"
    begin = "Evaluate    open(r'${OUTPUT DIR}/begun', 'w').close()\n    Sleep    2"
    folder = suites(one=[f"Fail    {key}"], two=["Log    ${GATEWAY_API_KEY}", begin])
    variables = ("-v", f"GATEWAY_API_KEY: Secret:{key}", "-v", f"GATEWAY_URL:http://user:{password}@127.0.0.1:9")
    qa = qa_run(folder, "--processes", "2", *variables)
    wait_for(folder / "results" / "begun")
    assert list((folder / "results" / "work" / "parts").rglob("*.json*"))
    leaks = _holding(folder / "results", key, password)
    told = ended(qa)[1]
    leaks += _holding(folder / "results", key, password)
    assert leaks == []
    assert key not in told
    assert password not in told


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_rows_are_read_leaves_no_page_and_no_process(suites, qa_run, number):
    folder = suites(one=["No Operation"])
    qa = qa_run(folder)
    parts = folder / "results" / "work" / "parts"
    wait_for(parts.parent / "run.json")
    time.sleep(0.2)
    (os.killpg if number == signal.SIGINT else os.kill)(qa.pid, number)
    code, told = ended(qa)
    # Robot may have begun: then its rows are told as not run.
    assert code in {252, 253, 1, 2}, told
    assert (folder / "results" / "output.xml").exists() == (code in {1, 2})
    assert "Traceback" not in told or code == 253


def test_only_quiet_suites_run_in_one_process(suites, qa_run):
    folder = suites(quiet_one=["No Operation"], quiet_two=["No Operation"])
    code, told = ended(qa_run(folder, "--processes", "3"))
    assert code == 0, told
    assert [result.status for result in read_output(folder / "results" / "output.xml").results] == ["PASS", "PASS"]


def test_failed_rows_run_again_from_the_output_of_the_same_folder(suites, qa_run):
    folder = suites(one=["Fail    no", "No Operation"], two=["No Operation"])
    assert ended(qa_run(folder, "--processes", "2"))[0] == 1
    code, told = ended(qa_run(folder, "--rerunfailed", "results/output.xml"))
    assert code == 1, told
    assert [result.row.name for result in read_output(folder / "results" / "output.xml").results] == ["one 1"]


def test_after_a_signal_no_process_begins(tmp_path):
    part = Part(tmp_path, 1, os.getpid(), None)
    with passing_signals_on() as handler, Progress({}, "none") as progress:
        handler.by_signal = True
        assert RobotProcesses(part, {}, ["suites"], progress, handler).run(2) == ([], None)
