"""A failed row's own command line runs that row, and only it, however its run was called."""

import json
import shlex
import shutil

import pytest

from utest.python_runs import run_python

LISTENER = "keywords.hooks.listener.TraceabilityListener"
OTHER = """
*** Settings ***
Library      wire.Wire
Test Tags    kind:functional
*** Test Cases ***
A refusal names the field
    [Tags]    req:STRM-001
    Should Be Equal    ${WHO}    nobody
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["suites"],
        ["--name", "Nightly run", "suites"],
        ["--name", "A [new] name?", "suites"],
        ["--suite", "chat", "suites"],
        ["third/api", "more"],
        ["suites", "more"],
        ["--name", "Both", "./third/api", "more"],
        ["-v", "MODEL:m", "-v", "WHO:me and you", "suites"],
        ["-V", "variables/who.yaml", "suites"],
        ["-V", "variables/who.py:me", "suites"],
    ],
    ids=" ".join,
)
def test_the_command_line_of_a_row_repeats_it(project, arguments):
    count = {"--suite": 1}.get(arguments[0], 3 if arguments[-2:] == ["suites", "more"] else 2)
    project.write("suites/more/other.robot", OTHER)
    project.write("more/other.robot", OTHER.replace("A refusal names", "An error names"))
    project.write("variables/who.yaml", "WHO: me\n")
    project.write("variables/who.py", "def get_variables(who):\n    return {'WHO': who}\n")
    for line in ("suites/api/chat.robot", "suites/more/other.robot", "more/other.robot"):
        project.replace(line, "Library      wire.Wire", f"Library    {LISTENER}\nLibrary      wire.Wire")
    project.replace(
        "suites/api/chat.robot", "Fail    sk-top-secret was refused", "Log    ${WHO}    WARN\n    Fail    it"
    )
    if "third/api" in " ".join(arguments):
        shutil.copytree(project.root / "suites" / "api", project.root / "third" / "api")
    if "WHO" not in " ".join(arguments) and "who" not in " ".join(arguments):
        arguments = ["-v", "WHO:me", *arguments]
    first = run_python("robot", "--pythonpath", ".", "--outputdir", "results", *arguments, cwd=project.root)
    evidence = [json.loads(path.read_bytes()) for path in (project.results / "evidence").glob("*/row.json")]
    failed = [row for row in evidence if row["status"] == "FAIL"]
    assert len(failed) == count, first.stdout + first.stderr
    for row in failed:
        words = shlex.split(row["rerun"])
        assert words[0] == "robot"
        again = run_python("robot", "--outputdir", "again", *words[1:], cwd=project.root)
        assert "1 test, 0 passed, 1 failed" in again.stdout, again.stdout + again.stderr
        assert row["name"] in again.stdout
        assert ("[ WARN ] me" in again.stderr) == (row["message"] == "it")


def test_no_secret_variable_stands_in_the_command_line(project):
    secrets = ["-v", "API_KEY:sk-1", "-v", "MY_PASSWORD:pw-2", "-v", "PIN: Secret:pin-3", "-v", "GATEWAY_API_KEY:sk-4"]
    project.robot(*secrets, "-v", "MAX_TOKENS:5")
    rows = [json.loads(path.read_bytes()) for path in (project.results / "evidence").glob("*/row.json")]
    assert {row["rerun"] for row in rows if "MAX_TOKENS:5" in row["rerun"]} == {row["rerun"] for row in rows}
    files = [path for path in (project.results / "evidence").rglob("*") if path.is_file()]
    for secret in (b"sk-1", b"pw-2", b"pin-3", b"sk-4"):
        assert [path for path in files if secret in path.read_bytes()] == []
