"""Rows are sentences that a manual tester can read: no Python, no comparison that only says `12 != 13`, and a verdict
where an answer lacks something."""

import re
from pathlib import Path

import pytest
from robot.libdocpkg import LibraryDocumentation

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "suites").rglob("*.robot"), *(ROOT / "resources").rglob("*.resource")])
PYTHON = {
    "an expression in a variable's place": re.compile(r"[$@&%]\{\{"),
    "a variable that is calculated with": re.compile(r"\$\{\w+ *[-+*/%]"),
    "an assertion that is an expression": re.compile(r"Should (Not )?Be True\b.*[$=<>]"),
    "a call of a Python module": re.compile(r"\b(json|math|pathlib)\.\w"),
    "a keyword that evaluates Python": re.compile(r"(^| {2,})(Evaluate|Set Variable If|Run Keyword (If|Unless))\b"),
}
# Each breaks with an IndexError, KeyError or AttributeError where a server leaves a part of its answer out.
FRAGILE = {
    "JSON read within a variable": re.compile(r"\.json\(\)"),
    "a number of a usage that may be missing": re.compile(r"[$@&]\{\w+\.usage\."),
    "an item of an attribute": re.compile(r"[$@&]\{\w+\.[\w.]+\}\["),
    "a place within a variable's braces": re.compile(r"[$@&]\{\w+\["),
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


def cells(line):
    return [cell for cell in re.split(r"\t| {2,}", line.strip()) if cell]


def keyword_name(cell):
    """A keyword's name as Robot compares it: no case, spaces, underscores or library before it."""
    return re.sub(r"[ _]", "", cell).lower().removeprefix("builtin.").removeprefix("collections.")


BARE = {
    keyword_name(name)
    for library in ("BuiltIn", "Collections", "String")
    for name in (keyword.name for keyword in LibraryDocumentation(library).keywords)
    if "Should" in name
}


def bare_comparisons(line):
    return [cell for cell in cells(line) if keyword_name(cell) in BARE]


def fragile_reads(line):
    return [what for what, pattern in FRAGILE.items() if pattern.search(line)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_comparison_speaks(path):
    found = [line.strip() for line in path.read_text("utf-8").splitlines() if bare_comparisons(line)]
    assert not found, "its message does not say what was compared: use a getter with an assertion, or Get Field"


def test_the_examples_of_keywords_speak_too():
    lines = [line for path in (ROOT / "keywords").rglob("*.py") for line in path.read_text("utf-8").splitlines()]
    assert not [line for line in lines if bare_comparisons(line)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_an_answer_lacks_is_a_verdict(path):
    lines = path.read_text("utf-8").splitlines()
    found = [(fragile_reads(line), line.strip()) for line in lines if fragile_reads(line)]
    assert not found, "use Get Field, Get Body Field, Get Header or Get Usage, which say what is missing"


@pytest.mark.parametrize(
    "line",
    [
        "    Should Be Equal    ${a}    ${b}",
        "    should_be_equal    ${a}    ${b}    a message does not help who reads only the numbers",
        "    BuiltIn.Should Be Equal As Integers    ${a}    1",
        "    Length Should Be    ${lines}    1",
        "\tShould Contain\t${text}\tword",
        "    ${x} =    Run Keyword And Return Status    Should Be Empty    ${lines}",
        "    Wait Until Keyword Succeeds    3x    1s    Dictionary Should Contain Key    ${x}    y",
        "    [Template]    Should Be Equal",
        "Test Template       Should Be Equal As Numbers",
        "    Lists Should Be Equal    ${a}    ${b}",
        "    Should Be True    ${ok}",
        "    Should Match Regexp    ${text}    ^a",
    ],
)
def test_a_bare_comparison_is_seen(line):
    assert bare_comparisons(line)


@pytest.mark.parametrize(
    "line",
    [
        "    Get Text    ${stream}    ==    ${answer.json()}[choices][0]",
        "    Get Usage    ${stream}    total_tokens    ==    ${answer.usage.total_tokens}",
        "    Get Header    ${b}    x-request-id    !=    ${a.response_headers}[x-request-id]",
        "    Get Field    ${recorded[-1]}    path    ==    /v1",
        "    Get Text    ${answer.texts}[1]    ==    OK",
    ],
)
def test_a_read_that_breaks_on_a_poor_answer_is_seen(line):
    assert fragile_reads(line)


@pytest.mark.parametrize(
    "line",
    [
        "    Error Should Be An OpenAI Error    ${answers}[1]",
        "    Stream Should Be Closed Properly    ${stream}",
        "    Get Field    ${span}    trace_id    ==    ${parent}[3:35]",
        "    Get Text    ${answer}    contains    Should be",
        "    Get Number Of    attempts    ${entry.attempts}    ==    1",
    ],
)
def test_a_comparison_that_speaks_is_let_through(line):
    assert not bare_comparisons(line)
    assert not fragile_reads(line)
