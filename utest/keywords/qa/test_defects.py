"""`qa defects`: real runs of Robot on small suites, before a scripted backend with and without defects."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil
import pytest
from typer.testing import CliRunner

from keywords.engine.defects.changes import on_object, pass_on
from keywords.engine.defects.defect import Defect
from keywords.engine.scripted.backend import ScriptedBackend
from keywords.qa.cli import app
from keywords.qa.defects.command import try_before

ASKING = """
import json, os, time, urllib.request

class Asking:
    def ask(self, url, model):
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello."}]}).encode()
        headers = {"content-type": "application/json", "authorization": "Bearer " + os.environ["GATEWAY_API_KEY"]}
        request = urllib.request.Request(url + "/v1/chat/completions", body, headers)
        return json.load(urllib.request.urlopen(request))
"""
ROWS = """
*** Settings ***
Library    Asking.py
*** Test Cases ***
The object is named
    [Tags]    req:CHAT-001
    ${answer} =    Ask    ${GATEWAY_URL}    ${MODEL}
    Should Be Equal    ${answer}[object]    chat.completion
The answer is dated
    [Tags]    req:ANSW-003
    ${answer} =    Ask    ${GATEWAY_URL}    ${MODEL}
    Should Not Be Equal As Integers    ${answer}[created]    0
"""
STARTING = """
*** Settings ***
Library    Asking.py
Suite Setup    Start
*** Keywords ***
Start
    ${answer} =    Ask    ${GATEWAY_URL}    ${MODEL}
    Should Not Be Equal As Integers    ${answer}[created]    0    no date
"""
SLOW = "*** Test Cases ***\nSlow\n    Sleep    60 s\n"


@dataclass(frozen=True)
class Sound:
    url: str
    api_key: str = "the-key"
    model: str = "scripted"


@pytest.fixture
def server():
    backend = ScriptedBackend()
    backend.start()
    yield Sound(backend.url)
    backend.stop()


@pytest.fixture
def suites(tmp_path):
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "Asking.py").write_text(ASKING)
    (folder / "rows.robot").write_text(ROWS)
    return folder


def undated(*requirements, missed="", stops_run=""):
    plant = on_object(lambda answer: answer.update(created=0))
    return Defect("no date", "Nothing has a date.", requirements, plant, ("answer.created",), stops_run, missed)


def harmless(missed=""):
    return Defect("harmless", "Nothing.", ("CHAT-001",), lambda: pass_on, (), missed=missed)


def run(server, suites, tmp_path, *defects, jobs=1, limit_s=60):
    lines, to = [], tmp_path / "results"
    page = tmp_path / "DETECTION.md"
    code = try_before([server] * jobs, defects, suites, to, doc=page, echo=lines.append, limit_s=limit_s)
    return code, "\n".join(lines), page.read_text("utf-8") if page.exists() else ""


def test_a_defect_is_found_by_the_first_row_that_fails(server, suites, tmp_path):
    code, said, page = run(server, suites, tmp_path, undated("ANSW-003", "ANSW-002"), jobs=2)
    assert code == 0
    assert "control: 2 rows passed" in said
    assert "1 of 1 found, 0 not, 0 running" in said
    assert "| no date | Nothing has a date. | Rows.The answer is dated | ANSW-003 |" in page
    assert "1 of 1 defects found by 2 rows" in page
    assert "the-key" not in page


@pytest.mark.parametrize(
    ("defect", "told"),
    [
        (harmless(), "harmless: missed (every row passed or was skipped)"),
        (undated("CHAT-001"), "no date: found by the wrong requirement (expected CHAT-001): Rows.The answer is dated"),
        (undated("ANSW-003", missed="Nobody looks."), "found, though declared as missed"),
    ],
    ids=["green", "wrong requirement", "declared, but found"],
)
def test_a_defect_that_fares_otherwise_fails(server, suites, tmp_path, defect, told):
    code, said, page = run(server, suites, tmp_path, defect)
    assert code == 1
    assert told in said
    assert "0 of 1 defects found" in page


def test_a_row_that_cannot_tell_is_no_miss(server, suites, tmp_path):
    (suites / "rows.robot").write_text(
        ROWS.replace(
            "Should Not Be Equal As Integers    ${answer}[created]    0", "IF    not ${answer}[created]    Busy"
        )
        + "*** Keywords ***\nBusy\n    Skip    INCONCLUSIVE: the machine is busy\n"
    )
    code, said, page = run(server, suites, tmp_path, undated("ANSW-003"))
    assert code == 3
    assert "no date: The answer is dated: INCONCLUSIVE: the machine is busy" in said
    assert "| none (**inconclusive**" in page


def test_a_declared_miss_is_named_with_its_reason(server, suites, tmp_path):
    code, _, page = run(server, suites, tmp_path, undated("ANSW-003"), harmless("Nobody can see it."))
    assert code == 0
    assert "1 of 2 defects found" in page
    assert "- **harmless**: Nobody can see it." in page


def test_three_declared_misses_are_one_too_many(server, suites, tmp_path):
    code, said, _ = run(server, suites, tmp_path, *[harmless("Nobody can see it.")] * 3)
    assert code == 1
    assert "3 defects are declared as missed, at most 2 may be" in said


@pytest.mark.parametrize(("stops_run", "code"), [("no date", 0), ("", 1), ("another reason", 1)])
def test_a_run_that_does_not_start_must_name_the_reason(server, suites, tmp_path, stops_run, code):
    (suites / "__init__.robot").write_text(STARTING)
    ended, _, page = run(server, suites, tmp_path, undated("ANSW-003", stops_run=stops_run))
    assert ended == code
    assert "the run did not start: no date" in page


def test_without_a_defect_all_rows_must_pass(server, suites, tmp_path):
    (suites / "red.robot").write_text("*** Test Cases ***\nRed\n    Fail    as ever\n")
    code, said, page = run(server, suites, tmp_path, undated("ANSW-003"))
    assert (code, page) == (3, "")
    assert "INCONCLUSIVE: without a defect fails Red.Red: as ever" in said


def test_without_a_defect_some_row_must_pass(server, suites, tmp_path):
    (suites / "rows.robot").write_text("*** Test Cases ***\nSkipped\n    Skip    here\n")
    code, said, _ = run(server, suites, tmp_path, undated("ANSW-003"))
    assert code == 3
    assert "without a defect no row passes" in said


def test_what_cannot_be_run_is_no_verdict(server, tmp_path):
    code, said, _ = run(server, tmp_path / "nothing", tmp_path, undated("ANSW-003"))
    assert code == 2
    assert "without results" in said


def test_what_does_not_end_is_missed(server, suites, tmp_path):
    (suites / "slow.robot").write_text(
        "*** Settings ***\nLibrary    Asking.py\n*** Test Cases ***\nWaits\n"
        "    ${answer} =    Ask    ${GATEWAY_URL}    ${MODEL}\n"
        "    IF    ${answer}[created] == 1    Sleep    60 s\n"
    )
    plant = on_object(lambda answer: answer.update(created=1))
    endless = Defect("endless", "It never ends.", ("X-001",), plant, ())
    code, said, _ = run(server, suites, tmp_path, endless, limit_s=15)
    assert code == 1
    assert "no row had failed after 15 s" in said


def test_an_unknown_name_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["defects", "tool ignored", "--to", str(tmp_path)])
    assert result.exit_code == 2
    assert "did you mean tools ignored" in result.output


def test_the_list_runs_nothing():
    result = CliRunner().invoke(app, ["defects", "--list"])
    assert result.exit_code == 0
    assert "tools ignored: An agent never calls its tools" in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_process(server, suites, tmp_path, number):
    (suites / "rows.robot").write_text(SLOW)
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom types import SimpleNamespace\n"
        "from keywords.qa.defects.command import try_before\n"
        f"server = SimpleNamespace(url={server.url!r}, api_key='k', model='m')\n"
        f"sys.exit(try_before([server], [], Path({str(suites)!r}), Path({str(tmp_path / 'to')!r}), doc=None))\n"
    )
    running = subprocess.Popen([sys.executable, str(program)], env=dict(os.environ))
    deadline = time.monotonic() + 30
    while (
        not (children := psutil.Process(running.pid).children()) or not (tmp_path / "to/control-1/console.txt").exists()
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(number)
    assert running.wait(30) == 130
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
