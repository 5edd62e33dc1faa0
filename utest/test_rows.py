"""Rows are sentences: no Python stands in suites and resources, so that a manual tester can read them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "suites").rglob("*.robot"), *(ROOT / "resources").rglob("*.resource")])
PYTHON = {
    "an expression in a variable's place": re.compile(r"[$@&%]\{\{"),
    "a variable that is calculated with": re.compile(r"\$\{\w+ *[-+*/%]"),
    "an assertion that is an expression": re.compile(r"Should (Not )?Be True\b.*[$=<>]"),
    "a call of a Python module": re.compile(r"\b(json|math|pathlib)\.\w"),
    "a keyword that evaluates Python": re.compile(r"(^| {2,})(Evaluate|Set Variable If|Run Keyword (If|Unless))\b"),
}


def python_in(line):
    return [what for what, pattern in PYTHON.items() if pattern.search(line)]


def test_there_are_suites_and_resources():
    assert {path.suffix for path in FILES} == {".robot", ".resource"}
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_python_stands_in_rows(path):
    lines = path.read_text("utf-8").splitlines()
    found = {number: (python_in(line), line.strip()) for number, line in enumerate(lines, 1) if python_in(line)}
    assert not found, "write a keyword with an assertion, or a type in keywords/run/arguments.py"


@pytest.mark.parametrize(
    "line",
    [
        "    Get Finish Reasons    ${stream}    ==    ${{ ['stop'] }}",
        "    VAR    &{line}    &{{ json.loads($lines[0]) }}",
        "    Ask Together    @{{ ['Hello.'] * 8 }}",
        "    Get Request Count    ${BACKEND}    ==    ${before + 1}",
        "    Should Be True    ${count} > 0",
        "    Should Be True    $asked",
        "    ${sum} =    Evaluate    1 + 1",
    ],
)
def test_python_is_seen(line):
    assert python_in(line)


@pytest.mark.parametrize(
    "line",
    [
        '    Ask    Hello.    extra={"n": 2}    timeouts=attempt_s=0.4 total_s=1',
        "    Variable Should Arrive As It Is    {{ 7*7 }}",
        "    Get Status    ${exchange}    ==    200",
        "    Files Should Not Contain    ${GATEWAY_API_KEY}    ${OUTPUT_DIR}",
        "    Send Payload    malformed.json",
    ],
)
def test_a_sentence_is_let_through(line):
    assert not python_in(line)
