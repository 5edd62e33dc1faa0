"""Real runs of Robot Framework whose rows say secrets, and what breaks files, in every way that Robot shows."""

import pytest

from keywords.traceability.results import read_output

KEY = "sk-live-9F8e7D6c5B4a"
UNKNOWN = "id-none-1A2b3C4d5E6f"
"""Said in the same ways, but no secret: the control of the search."""

SPEAKER = """
import logging
import os
import sys
from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

@library
class Speaker:
    @keyword
    def get_value(self, before=""):
        return before + os.environ["SAID"]

    @keyword
    def say(self):
        said = os.environ["SAID"]
        print(said)
        print(said, file=sys.stderr)
        logging.getLogger("speaker").warning("logging %s", said)
        logger.info(f"<b>{said}</b>", html=True)
        logger.console(f"console {said}")
        BuiltIn().run_keyword("Log", said, "WARN")

    @keyword
    def break_down(self, lines=0):
        raise RuntimeError("x" * lines * 78 + os.environ["SAID"] + "y" * lines * 78)

    @keyword
    def raise_text(self, text):
        raise AssertionError(eval(text))
"""

SPEAKING = """
*** Settings ***
Library      speaker.Speaker
Test Tags    kind:functional    req:CHAT-001

*** Test Cases ***
Values are shown
    ${value} =    Get Value
    ${long} =    Get Value    ${{'x' * 190}}
    VAR    ${copy}    ${value}
    FOR    ${each}    IN    ${value}    ${long}
        Log    ${each}
    END
    IF    $value    Log Many    ${value}    @{{[$value]}}
    Log    ${value}    level=ERROR
    Log    ${value}    console=yes
    Log To Console    ${value}
    Say
    Set Tags    tag ${value}
    Set Test Documentation    documentation ${value}
    Set Suite Documentation    documentation ${value}
    Set Suite Metadata    Key    ${value}    top=True
    Set Suite Metadata    ${value}    name    top=True
    GROUP    ${value}
        Run Keyword And Ignore Error    Run Keyword    ${value}
    END
    Run Keyword And Ignore Error    Break Down
    Run Keyword    Return It    ${value}
    Set Test Message    message ${value}
A comparison fails
    ${value} =    Get Value
    Run Keyword And Continue On Failure    Should Be Equal    ${value}    other
    Run Keyword And Continue On Failure    Should Contain    ${value}    *HTML*
    Fail    *HTML*<b>${value}</b>
A keyword breaks down
    Break Down
A long message is cut in a secret
    Break Down    20
A row tears down
    No Operation
    [Teardown]    Break Down

*** Keywords ***
Return It
    [Arguments]    ${value}
    RETURN    ${value}
"""

BROKEN_SETUP = """
*** Settings ***
Library         speaker.Speaker
Suite Setup     Break Down
Test Tags       kind:functional    req:CHAT-001

*** Test Cases ***
A row behind a broken setup
    No Operation
"""


def speaking(project, monkeypatch, said, *options):
    monkeypatch.setenv("SAID", said)
    monkeypatch.setenv("SPEAKER_API_KEY", KEY)
    project.write("speaker.py", SPEAKER)
    project.write("suites/api/speaking.robot", SPEAKING)
    project.write("suites/api/broken_setup.robot", BROKEN_SETUP)
    outputs = ("--xunit", "xunit.xml", "--listener", "allure_robotframework:results/allure", "--suite", "Speaking")
    outputs += ("--debugfile", "debug.txt")
    return project.robot("--loglevel", "TRACE", *outputs, "--suite", "Broken Setup", *options)


def pieces_of(text):
    return {text[start : start + 8].lower() for start in range(len(text) - 7)}


def places(project, process, text):
    """The files and streams that contain a piece of the text."""
    files = [(path.name, path.read_text("utf-8", "replace")) for path in project.results.rglob("*") if path.is_file()]
    files += [("stdout", process.stdout), ("stderr", process.stderr)]
    return {name for name, content in files if any(piece in content.lower() for piece in pieces_of(text))}


def test_a_secret_is_shown_nowhere_however_robot_comes_by_it(project, monkeypatch):
    process = speaking(project, monkeypatch, KEY)
    assert process.returncode == 5
    assert places(project, process, KEY) == set()
    assert "deprecated" not in process.stderr
    assert "<secret>" in process.stdout
    assert "console <secret>" in process.stdout
    messages = {result.row.name: result.message for result in read_output(project.results / "output.xml").results}
    assert messages["Values are shown"] == "message <secret>"
    assert messages["A keyword breaks down"] == "<secret>"
    assert messages["A comparison fails"].count("<b>&lt;secret&gt;</b>") == 1


def test_a_refused_row_does_not_show_a_secret_in_its_name(project, monkeypatch):
    monkeypatch.setenv("SPEAKER_API_KEY", KEY)
    project.replace("suites/api/chat.robot", "A stream ends", "A stream ends for %{SPEAKER_API_KEY}")
    process = project.robot()
    assert process.returncode
    assert "A stream ends for %{SPEAKER_API_KEY}" in process.stderr
    assert places(project, process, KEY) == set()


def test_the_search_finds_what_is_no_secret(project, monkeypatch):
    process = speaking(project, monkeypatch, UNKNOWN)
    found = places(project, process, UNKNOWN)
    assert {"output.xml", "log.html", "report.html", "xunit.xml", "row.json", "index.html", "README.md"} <= found
    assert {"stdout", "stderr"} <= found
    assert any(name.endswith("-result.json") for name in found)


def test_a_cleaned_failure_keeps_its_kind(project, monkeypatch):
    monkeypatch.setenv("SAID", KEY)
    monkeypatch.setenv("SPEAKER_API_KEY", KEY)
    project.write("speaker.py", SPEAKER)
    rows = """
    *** Settings ***
    Library      speaker.Speaker
    Test Tags    kind:functional    req:CHAT-001
    *** Test Cases ***
    What is expected is what was said
        Run Keyword And Expect Error    %{SAID}    Break Down
    A skip stays a skip
        Skip    %{SAID}
    A fatal error stops the run
        Fatal Error    %{SAID}
    A row behind it
        No Operation
    """
    project.write("suites/api/chat.robot", rows)
    project.robot()
    run = read_output(project.results / "output.xml")
    assert [(one.status, one.message) for one in run.results[:3]] == [
        ("PASS", ""),
        ("SKIP", "<secret>"),
        ("FAIL", "<secret>"),
    ]
    assert run.results[3].status == "NOT RUN"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"'half \ud83d'", "half \\ud83d"),
        (r"'a\x00b\x1b[31m\x0c\ufffe'", "a\\x00b\\x1b[31m\\x0c\\ufffe"),
        (r"']]><b>&amp;'", "]]><b>&amp;"),
        (r"'z' * 30_000_000", "zzzz"),
    ],
)
def test_no_text_breaks_the_run(project, text, shown):
    project.write("speaker.py", SPEAKER)
    rows = f"""
    *** Settings ***
    Library      speaker.Speaker
    Test Tags    kind:functional    req:CHAT-001
    *** Test Cases ***
    A text breaks in
        ${{text}} =    Evaluate    {text.replace(chr(92), chr(92) * 2)}
        Log    ${{text}}    level=WARN
        Log To Console    ${{text}}
        Set Tags    ${{text[:20]}}
        Set Suite Metadata    Text    ${{text[:200]}}
        Set Test Message    ${{text}}
        Raise Text    {text.replace(chr(92), chr(92) * 2)}
    The next row runs
        No Operation
    """
    project.write("suites/api/chat.robot", rows)
    process = project.robot("--xunit", "xunit.xml", "--listener", "allure_robotframework:results/allure")
    assert process.returncode == 1
    results = read_output(project.results / "output.xml").results
    assert [one.status for one in results] == ["FAIL", "PASS"]
    assert results[0].message.startswith(shown)
    assert (project.results / "log.html").is_file()
    assert (project.results / "xunit.xml").is_file()


def test_secrets_that_variables_name_are_known_from_the_start(project):
    rows = """
    *** Settings ***
    Test Tags    kind:functional    req:CHAT-001
    *** Test Cases ***
    A row logs what it was given
        Log Many    ${BACKEND_API_KEY}    ${REDIS_URL}    of-redis-12345    ${INNOCENT}
    """
    project.write("suites/api/chat.robot", rows)
    given = (f"BACKEND_API_KEY:{KEY}", "REDIS_URL:redis://user:of-redis-12345@host/0", f"INNOCENT:{UNKNOWN}")
    process = project.robot(*(word for value in given for word in ("-v", value)), "--loglevel", "TRACE")
    assert places(project, process, KEY) == set()
    output = (project.results / "output.xml").read_text()
    assert "redis://&lt;secret&gt;@host/0" in output
    assert "of-redis-12345" not in output
    assert UNKNOWN in output


@pytest.mark.parametrize("paths", [["suites"], ["other/chat.robot", "other/talk.robot"]], ids=" ".join)
def test_what_a_gateway_and_a_console_show_of_a_secret_is_cleaned(project, monkeypatch, paths):
    monkeypatch.setenv("SPEAKER_API_KEY", KEY)
    project.write("results/kept.log", KEY)
    rows = """
    *** Settings ***
    Library      OperatingSystem
    Library      keywords.hooks.listener.TraceabilityListener
    Library      keywords.run.output_folder
    Suite Setup  Log Key
    Test Tags    kind:functional    req:CHAT-001
    *** Keywords ***
    Log Key
        ${{log}} =    New Work File    gateway    .log
        Create File    ${{log}}    {{"key": "%{{SPEAKER_API_KEY}}"}}
    *** Test Cases ***
    A gateway logs in {name}
        Log Key
        Log To Console    {name} says %{{SPEAKER_API_KEY}}
    """
    for name in ("chat", "talk"):
        project.write(f"suites/api/{name}.robot", rows.format(name=name))
        project.write(f"other/{name}.robot", rows.format(name=name))
    process = project.robot(*paths[:-1], suites=paths[-1])
    for name in ("chat", "talk"):
        assert f"{name} says <secret>" in process.stdout
    logs = [path.read_text() for path in project.results.rglob("gateway-1.log")]
    assert logs == ['{"key": "<secret>"}'] * 4
    assert (project.results / "kept.log").read_text() == KEY
