"""Real runs of Robot Framework: the needs that they record before their first row, and what they refuse to run."""

import pytest

from keywords.traceability.results import read_output
from keywords.traceability.skips import missing_needs, sort_skips

ATTACH = """
*** Settings ***
Library        keywords.hooks.listener.TraceabilityListener
Suite Setup    Attach
*** Keywords ***
Attach
    VAR    ${TARGET}    ${{keywords.run.context.Target('http://host:1', None, 'm', ('m',), %s)}}    scope=GLOBAL
"""


def skips(project, *options):
    project.robot(*options)
    run = read_output(project.results / "output.xml")
    return missing_needs(run), sort_skips(run)


def test_a_run_records_the_needs_of_its_rows_that_the_machine_lacks(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    project.replace("suites/api/chat.robot", "smoke\n", "smoke    needs:curl\n")
    missing, found = skips(project)
    assert missing == {"curl": "No `curl` on the path: install it."}
    assert {needs: len(results) for needs, results in found.expected.items()} == {"curl": 1}
    assert [result.message for result in found.unexpected] == ["This machine has no GPU"]


def test_a_need_that_goes_missing_under_way_makes_an_unexpected_skip(project):
    project.replace("suites/api/chat.robot", "smoke\n    Talk", "smoke\n    Set Environment Variable    PATH    /none")
    project.replace(
        "suites/api/chat.robot", "Library      wire.Wire", "Library      wire.Wire\nLibrary      OperatingSystem"
    )
    project.replace("suites/api/chat.robot", "req:STRM-001\n", "req:STRM-001    needs:curl\n")
    missing, found = skips(project)
    assert missing == {}
    assert [result.message for result in found.unexpected] == ["No `curl` on the path: install it."]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("False, False", 1),
        ("False, False, __import__('types').SimpleNamespace(url='http://host:1', routes_to_embedded_model=False)", 0),
    ],
)
def test_needs_of_the_target_are_expected_of_an_attached_server_only(project, own, expected):
    project.write("suites/__init__.robot", ATTACH % own)
    project.replace("suites/api/chat.robot", "req:STRM-001\n", "req:STRM-001    needs:embedded-model\n")
    missing, found = skips(project)
    assert (len(missing), len(found.expected), len(found.unexpected)) == (expected, expected, 1 - expected)


@pytest.mark.parametrize(
    "fault",
    ["*** Tset Cases ***\nA lost row\n    Talk\n", "*** Test Case s***\nA lost row\n    Talk\n"],
)
@pytest.mark.parametrize("options", [(), ("--prerunmodifier", "keywords.hooks.modifier.RegisterModifier")])
def test_a_file_that_robot_half_understands_stops_the_run(project, fault, options):
    project.write("suites/api/lost.robot", fault)
    process = project.robot(*options)
    assert process.returncode == (252 if options else 3)
    assert "suites/api/lost.robot:1: Robot does not understand this: Unrecognized section header" in process.stderr
    assert "A question is answered                                                | PASS" not in process.stdout


@pytest.mark.parametrize("options", [(), ("--prerunmodifier", "keywords.hooks.modifier.RegisterModifier")])
def test_namesakes_stop_the_run(project, options):
    project.replace("suites/api/chat.robot", "A stream ends", "A question is answered")
    process = project.robot(*options)
    assert process.returncode == (252 if options else 3)
    assert "row 'Suites.Api.Chat.A question is answered' is there 2 times; rename one" in process.stderr


def test_namesakes_of_two_files_stop_the_run(project):
    project.write("suites/api/01__chat.robot", (project.root / "suites/api/chat.robot").read_text())
    process = project.robot()
    assert process.returncode == 6
    assert "row 'Suites.Api.Chat.A stream ends' is there 2 times; rename one" in process.stderr
