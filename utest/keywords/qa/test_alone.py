"""`qa alone`: real runs of Robot on suites that need no gateway."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from typer.testing import CliRunner

from keywords.qa.alone import AloneError, choose, compare, table
from keywords.qa.cli import app

LEANING = """
*** Test Cases ***
Sets [it]
    VAR    ${SET}    yes    scope=SUITE
Needs it
    Should Be Equal    ${SET}    yes
Stands alone
    No Operation
Comes at night
    [Tags]    nightly
    No Operation
"""
PLAIN = "*** Test Cases ***\nPasses\n    No Operation\nFails\n    Fail    as ever\n"
LEFT_BEHIND = """
*** Settings ***
Suite Teardown    Should Be Equal    ${CLEAN}    yes
*** Variables ***
${CLEAN}    no
*** Test Cases ***
Litters
    No Operation
Cleans
    VAR    ${CLEAN}    yes    scope=SUITE
"""
# Alone the row waits, because nothing has told it not to.
SLOW = """
*** Settings ***
Library    OperatingSystem
*** Variables ***
${WAIT}    ${True}
*** Test Cases ***
First
    VAR    ${WAIT}    ${False}    scope=SUITE
Slow
    IF    ${WAIT}    Wait
*** Keywords ***
Wait
    Create File    READY
    Sleep    60 s
"""


@pytest.fixture
def suites(tmp_path):
    folder = tmp_path / "suites"
    folder.mkdir()
    for name, text in {"leaning": LEANING, "plain_one": PLAIN, "left": LEFT_BEHIND}.items():
        (folder / f"{name}.robot").write_text(text)
    return folder


def compared(suites, tmp_path, *names):
    said = []
    chosen = choose(suites, names=names, seed=0, count=1)
    return list(compare(suites, chosen, tmp_path / "alone", said.append)), said


def test_a_seed_draws_the_same_suites_again(suites):
    draws = {seed: tuple(choose(suites, seed=seed, count=2)) for seed in range(20)}
    assert draws == {seed: tuple(choose(suites, seed=seed, count=2)) for seed in range(20)}
    assert len(set(draws.values())) > 1
    assert len(choose(suites, seed=1, count=9)) == 3


def test_a_suite_is_named_by_the_end_of_its_name_or_by_its_file(suites):
    assert list(choose(suites, names=["plain_one"], seed=0, count=1)) == ["Suites.Plain One"]
    assert list(choose(suites, names=["suites.plain one"], seed=0, count=1)) == ["Suites.Plain One"]
    with pytest.raises(AloneError, match=r"'plan_one'; did you mean plain one"):
        choose(suites, names=["plan_one"], seed=0, count=1)


def test_a_folder_without_rows_is_refused(tmp_path):
    with pytest.raises(AloneError, match="--suites"):
        choose(tmp_path / "nothing", seed=0, count=1)


def test_a_row_that_needs_another_one_differs(suites, tmp_path):
    rows, said = compared(suites, tmp_path, "leaning")
    assert [(one.row.name, one.whole, one.alone, one.differs) for one in rows] == [
        ("Sets [it]", "PASS", "PASS", False),
        ("Needs it", "PASS", "FAIL", True),
        ("Stands alone", "PASS", "PASS", False),
    ]
    assert said == [
        "[1/4] Suites.Leaning: 3 rows together",
        "[2/4] PASS  Sets [it]",
        "[3/4] FAIL  Needs it  <- differs",
        "[4/4] PASS  Stands alone",
    ]
    assert table(rows) == [
        "row                  | whole | alone",
        "Leaning.Sets [it]    | PASS  | PASS",
        "Leaning.Needs it     | PASS  | FAIL",
        "Leaning.Stands alone | PASS  | PASS",
        "",
        "Suites.Leaning.Needs it: PASS with its suite, FAIL alone",
        "Variable '${SET}' not found.",
        "",
        "3 rows, of which 1 differs; 0 failed both ways, 0 skipped both ways",
    ]
    assert (tmp_path / "alone" / "leaning" / "02" / "log.html").is_file()


def test_other_files_in_the_folder_of_the_output_stay(suites, tmp_path):
    for name in ("alone/history/kept.db", "alone/plain_one/07/log.html"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    compared(suites, tmp_path, "plain_one")
    assert (tmp_path / "alone" / "history" / "kept.db").exists()
    assert not (tmp_path / "alone" / "plain_one" / "07").exists()


def test_a_row_that_fails_both_ways_does_not_differ(suites, tmp_path):
    rows, _ = compared(suites, tmp_path, "plain_one")
    assert [(one.whole, one.alone) for one in rows] == [("PASS", "PASS"), ("FAIL", "FAIL")]
    assert table(rows)[-1] == "2 rows, of which none differ; 1 failed both ways, 0 skipped both ways"


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        (["Passes\n    No Operation", "Fails\n    Fail    why"], 0, "1 failed both ways, 0 skipped both ways"),
        (["Skips\n    Skip    why", "Fails\n    Fail    why"], 3, "1 failed both ways, 1 skipped both ways\nINCONCL"),
        (
            ["Twice\n    No Operation", "Twice\n    No Operation"],
            2,
            "output.xml holds 2 results of the row 'Suites.One.T",
        ),
    ],
)
def test_rows_that_prove_nothing_are_no_pass(tmp_path, rows, code, said):
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "one.robot").write_text("\n".join(["*** Test Cases ***", *rows, ""]))
    result = CliRunner().invoke(app, ["alone", "one", "--suites", str(suites), "--to", str(tmp_path / "alone")])
    assert result.exit_code == code, result.output
    assert said in result.output


def test_a_row_without_a_result_is_no_comparison(suites, tmp_path):
    chosen = choose(suites, names=["plain_one"], seed=0, count=1)
    (suites / "plain_one.robot").write_text("*** Test Cases ***\nPasses\n    No Operation\n")
    with pytest.raises(AloneError, match=r"whole/output\.xml holds 0 results of the row 'Suites\.Plain One\.Fails'"):
        list(compare(suites, {suite: rows[::-1] for suite, rows in chosen.items()}, tmp_path / "alone"))


def test_what_fails_at_the_end_of_the_suite_fails_its_rows(suites, tmp_path):
    rows, _ = compared(suites, tmp_path, "left")
    assert [(one.whole, one.alone) for one in rows] == [("PASS", "FAIL"), ("PASS", "PASS")]
    assert "no != yes" in rows[0].message


def test_a_run_that_does_not_come_to_its_rows_is_no_comparison(suites, tmp_path):
    (suites / "plain_one.robot").write_text("*** Settings ***\nSuite Setup    Fail    no world\n" + PLAIN)
    with pytest.raises(AloneError, match="no world"):
        compared(suites, tmp_path, "plain_one")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_no_process_and_shows_what_there_is(suites, tmp_path, number):
    ready = tmp_path / "ready"
    (suites / "slow.robot").write_text(SLOW.replace("READY", str(ready)))
    command = [
        sys.executable,
        "-m",
        "keywords.qa.cli",
        "alone",
        "slow",
        "--suites",
        str(suites),
        "--to",
        str(tmp_path / "a"),
    ]
    process = subprocess.Popen(
        command, text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    # A terminal sends Ctrl-C to all of its processes, and nothing else sends a signal to more than one.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 2, stdout + stderr
    assert "stopped by a signal" in stderr
    assert "Slow.First | PASS  | PASS" in stdout
    assert children
    assert not any(child.is_running() for child in children)
