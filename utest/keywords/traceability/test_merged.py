"""Outputs that `rebot` made from several runs: never taken for one run, and never with another run's evidence."""

import json
import shutil

import pytest

from keywords.traceability.check.run import run_findings
from keywords.traceability.evidence.search import find_pages
from keywords.traceability.matrix.files import write_matrix
from keywords.traceability.matrix.head import exit_criteria, notes
from keywords.traceability.matrix.table import build
from keywords.traceability.merged import unmerge
from keywords.traceability.register.register import load_register
from keywords.traceability.results import read_output
from utest.python_runs import run_python

FAILED, AGAIN = "first", "again"
NAMES = ["A question is answered", "A refusal names the field", "A stream ends"]


def rebot(project, *arguments):
    options = ("--log", "NONE", "--report", "NONE", "--output", "output.xml")
    done = run_python("robot.rebot", *options, *arguments, cwd=project.root)
    assert (project.root / arguments[1] / "output.xml").is_file(), done.stderr


@pytest.fixture
def runs(project):
    """A run with a failed row, and a later one of that row, in which it passes."""
    project.robot("--outputdir", FAILED)
    project.replace(
        "suites/api/chat.robot", "    Fail    sk-top-secret was refused", "    Pass Execution    5 < 6 & `x`"
    )
    project.robot("--outputdir", AGAIN, "--test", "*.A refusal names the field")
    return project


def read(project):
    run = read_output(project.root / "merged" / "output.xml")
    return run, build(load_register(project.root / "resources/register/requirements.yaml"), run)


def test_a_merged_output_tells_what_was_executed_again_and_hides_no_failure(runs):
    rebot(runs, "--outputdir", "merged", "--merge", f"{FAILED}/output.xml", f"{AGAIN}/output.xml")
    run, matrix = read(runs)
    assert [(result.row.name, result.status, result.replaced) for result in run.results] == [
        (NAMES[0], "PASS", ()),
        (NAMES[1], "PASS", ("FAIL",)),
        (NAMES[2], "SKIP", ()),
    ]
    assert run.results[1].message == "5 < 6 & `x`"
    assert run.merged == "merged from several runs, 1 of 3 rows were executed again"
    assert run.started == run.results[0].started
    assert [line.reason for line in matrix.lines if line.requirement.id == "CHAT-001"] == [
        "1 of 2 rows passed only when executed again"
    ]
    assert exit_criteria(matrix).startswith("Exit criteria not judged: they need one run, and this output is merged")
    assert f"This output is not of one run: {run.merged}" in notes(matrix)
    assert any("is not of one run" in finding for finding in run_findings([r.row for r in run.results], run))


def test_a_combined_output_has_the_date_and_the_metadata_of_its_runs(runs):
    rebot(runs, "--outputdir", "merged", f"{FAILED}/output.xml", f"{AGAIN}/output.xml")
    run, _ = read(runs)
    assert run.merged == "combined from 2 runs"
    assert run.started == min(result.started for result in run.results)
    assert run.metadata["Model"] == "m"
    assert len(find_pages(run)) == 4


@pytest.mark.parametrize("folder", ["merged", FAILED])
def test_each_row_of_a_merged_output_leads_to_the_evidence_of_its_own_execution(runs, folder):
    rebot(runs, "--outputdir", folder, "--merge", f"{FAILED}/output.xml", f"{AGAIN}/output.xml")
    run = read_output(runs.root / folder / "output.xml")
    pages = find_pages(run)
    homes = {result.row.name: page.relative_to(runs.root).parts[0] for result, page in pages.items()}
    assert homes == dict(zip(NAMES, (FAILED, AGAIN, FAILED), strict=True))
    for result, page in pages.items():
        assert json.loads(page.with_name("row.json").read_bytes())["status"] == result.status


def test_evidence_that_a_merged_output_has_lost_is_not_linked(runs):
    rebot(runs, "--outputdir", FAILED, "--merge", f"{FAILED}/output.xml", f"{AGAIN}/output.xml")
    shutil.rmtree(runs.root / AGAIN)
    run = read_output(runs.root / FAILED / "output.xml")
    matrix = build(load_register(runs.root / "resources/register/requirements.yaml"), run)
    write_matrix(matrix, runs.root / "matrix")
    rows = json.loads((runs.root / "matrix/matrix.json").read_bytes())["rows"]
    assert [(row["evidence"] is None, row["evidence_lost"]) for row in rows] == [
        (False, False),
        (True, True),
        (False, False),
    ]
    for row in rows:
        assert row["evidence"] is None or (runs.root / "matrix" / row["evidence"]).is_file()


def test_the_links_of_a_moved_folder_lead_to_its_evidence(runs):
    (runs.root / "kept").mkdir()
    shutil.move(runs.root / FAILED, runs.root / "kept" / "moved")
    run = read_output(runs.root / "kept/moved/output.xml")
    assert run.merged == ""
    assert {page.parents[2] for page in find_pages(run).values()} == {runs.root / "kept/moved"}
    assert len(find_pages(run)) == 3


def test_a_single_run_of_several_folders_is_one_run(project):
    project.write("suites/api/more.robot", "*** Settings ***\nLibrary    wire.Wire\n*** Test Cases ***\nA\n    Talk\n")
    project.robot("suites/api/chat.robot", suites="suites/api/more.robot")
    assert read_output(project.results / "output.xml").merged == ""


@pytest.mark.parametrize(
    ("message", "plain", "replaced", "merged"),
    [
        ("just a message", "just a message", (), False),
        ("*HTML* <b>own</b>", "*HTML* <b>own</b>", (), False),
        ("*HTML* Test added from merged output.", "", (), True),
        ("*HTML* Test added from merged output.<hr>a &lt; b", "a < b", (), True),
        (
            (
                "*HTML* Test has been re-executed and results merged. Latter result had <span>SKIP</span> status and "
                "was ignored. Message:\nno GPU<hr>Original message:\nit &amp; that"
            ),
            "it & that",
            (),
            True,
        ),
    ],
)
def test_what_robot_writes_into_a_message_is_taken_out_again(message, plain, replaced, merged):
    told = unmerge(message)
    assert (told.message, told.replaced, told.is_merged) == (plain, replaced, merged)
