"""The examples of docs/WRITING_ROWS.md run as they stand, in a copy of the suites, before a scripted backend."""

import re
import shutil
from pathlib import Path

import pytest

from keywords.engine.scripted.backend import ScriptedBackend
from keywords.traceability.results import read_output
from utest.python_runs import run_python

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "WRITING_ROWS.md").read_text("utf-8")
ROW, SUITE = re.findall(r"```robotframework\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def copy(tmp_path):
    """A folder like a fresh checkout, with one suite."""
    for folder in ("resources", "variables"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("__init__.robot", "api/chat.robot"):
        (tmp_path / "suites" / file).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(ROOT / "suites" / file, tmp_path / "suites" / file)
    return tmp_path


def run(folder, row):
    backend = ScriptedBackend()
    backend.start()
    try:
        options = ("-d", "results", "-v", f"GATEWAY_URL:{backend.url}", "--test", row)
        process = run_python("robot", *options, "suites", cwd=folder, environment={"GATEWAY_API_KEY": ""})
    finally:
        backend.stop()
    assert process.returncode in {0, 1}, process.stdout + process.stderr
    (result,) = read_output(folder / "results" / "output.xml").results
    return result


def name_of(row):
    return row.splitlines()[0]


def test_the_examples_have_the_promised_length():
    assert len(ROW.strip().splitlines()) == 5
    assert len(SUITE.strip().splitlines()) == 9
    assert f'--test "{name_of(ROW)}" suites' in PAGE


def test_a_row_in_five_lines_runs(copy):
    suite = copy / "suites" / "api" / "chat.robot"
    suite.write_text(f"{suite.read_text('utf-8').rstrip()}\n\n{ROW}", "utf-8")
    result = run(copy, name_of(ROW))
    assert (result.status, result.message) == ("PASS", "")


def test_a_percentile_in_nine_lines_runs(copy):
    (copy / "suites" / "api" / "quick.robot").write_text(SUITE, "utf-8")
    row = SUITE.split("*** Test Cases ***\n")[1].splitlines()[0]
    result = run(copy, row)
    assert (result.status, result.message) == ("PASS", "")


def test_an_example_that_does_not_hold_is_seen(copy):
    (copy / "suites" / "api" / "quick.robot").write_text(SUITE.replace("<    5", "<    0"), "utf-8")
    result = run(copy, SUITE.split("*** Test Cases ***\n")[1].splitlines()[0])
    assert result.status == "FAIL"
    assert result.message.startswith("The p50 of 5 numbers should be less than 0.0, got 0.")
