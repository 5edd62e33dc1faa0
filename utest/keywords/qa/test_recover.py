"""A report from what a killed run left."""

import json
import os

import pytest
from robot import running
from typer.testing import CliRunner

from keywords.qa.cli import app
from keywords.run.output_lock import lock_folder, unlock_folder
from keywords.traceability.results import NOT_RUN, read_output

ROWS = {"One": "ab", "Two": "cd"}
TAGS = ["kind:functional", "req:DEMO-001"]


@pytest.fixture
def results(empty_project, monkeypatch):
    """The folder of results of a project with four rows in two suites."""
    for suite, names in ROWS.items():
        rows = "".join(f"{name}\n    No Operation\n" for name in names)
        text = f"*** Settings ***\nTest Tags    {'    '.join(TAGS)}\n\n*** Test Cases ***\n{rows}"
        (empty_project / "suites" / f"{suite}.robot").write_text(text)
    monkeypatch.chdir(empty_project)
    folder = empty_project / "results"
    (folder / "evidence").mkdir(parents=True)
    return folder


def leave_evidence(results, *ended):
    """The plan, and what rows leave as they end, by their names and statuses."""
    plan = [{"name": name, "suite": f"Suites.{suite}", "tags": TAGS} for suite, names in ROWS.items() for name in names]
    (results / "evidence" / "plan.json").write_text(json.dumps(plan))
    for suite, name, status in ended:
        folder = results / "evidence" / name
        folder.mkdir()
        facts = {"name": name, "suite": f"Suites.{suite}", "tags": TAGS, "status": status, "message": f"{name} ended"}
        facts |= {"elapsed_s": 1.5, "started": "2026-11-28T10:00:00", "known_as": "", "environment": {"Model": "m"}}
        (folder / "row.json").write_text(json.dumps(facts))
        (folder / "index.html").write_text("evidence")


def leave_parts(results, cut=None):
    """The parts of two processes, of which the second one was killed at a text of its output."""
    parts = results / "work" / "parts"
    suites = [{"id": "s1", "name": "Suites", "rows": [], "needs_quiet": False}]
    for number, (suite, names) in enumerate(ROWS.items(), start=1):
        root = running.TestSuite("Suites", source=results.parent / "suites")
        children = {where: root.suites.create(where) for where in ROWS}
        for name in names:
            children[suite].tests.create(name, tags=TAGS).body.create_keyword("Log", args=[f"step of {name}"])
        own = parts / str(number)
        own.mkdir(parents=True)
        root.run(output=own / "output.xml", console="none", log=None, report=None, runemptysuite=True)
        rows = [[name, TAGS] for name in names]
        suites.append({"id": f"s1-s{number}", "name": f"Suites.{suite}", "rows": rows, "needs_quiet": False})
    if cut:
        whole = (parts / "2" / "output.xml").read_text()
        (parts / "2" / "output.xml").write_text(whole[: whole.index(cut)])
    (parts / "plan.json").write_text(json.dumps({"suites": suites, "is_attached": False}))
    return parts


def recover(*arguments):
    return CliRunner().invoke(app, ["recover", *map(str, arguments)])


def ends(results):
    return [(one.row.name, one.status) for one in read_output(results / "output.xml").results]


def test_the_parts_of_several_processes_are_put_together_with_their_steps(results):
    leave_evidence(results, ("One", "a", "PASS"), ("One", "b", "PASS"), ("Two", "c", "PASS"))
    parts = leave_parts(results, cut='name="d"')
    done = recover()
    assert done.exit_code == 0, done.output
    assert "3 of 4 rows had ended" in done.output
    assert "NO VERDICT: The run is not valid" in done.output
    assert ends(results) == [("a", "PASS"), ("b", "PASS"), ("c", "PASS"), ("d", NOT_RUN)]
    assert "step of c" in (results / "output.xml").read_text()
    assert not parts.exists()
    assert "4 rows: 1 not run, 3 pass" in CliRunner().invoke(app, ["matrix"]).output


def test_a_row_that_ended_just_before_the_kill_ends_as_its_evidence_says(results):
    leave_evidence(results, ("Two", "c", "FAIL"))
    leave_parts(results, cut="step of c")
    assert "3 of 4 rows had ended" in recover().output
    run = read_output(results / "output.xml")
    (row,) = [one for one in run.results if one.row.name == "c"]
    assert (row.status, row.message, row.evidence) == ("FAIL", "c ended", "evidence/c/index.html")
    assert run.metadata["Model"] == "m"


def test_parts_without_evidence_are_put_together_as_well(results):
    leave_parts(results, cut='name="d"')
    assert recover().exit_code == 0
    assert ends(results)[2:] == [("c", "PASS"), ("d", NOT_RUN)]


def test_a_plan_that_was_cut_leaves_the_evidence(results):
    leave_evidence(results, ("One", "a", "PASS"))
    (leave_parts(results) / "plan.json").write_text('{"suites": [')
    assert "1 of 4 rows had ended" in recover().output


def test_an_output_that_is_broken_off_stays_under_another_name(results):
    leave_evidence(results, ("One", "a", "PASS"))
    (results / "output.xml").write_text("<robot><suite name='Suites'><test name='a'>")
    assert recover().exit_code == 0
    assert ends(results)[0] == ("a", "PASS")
    assert (results / "output.broken.xml").read_text().endswith("<test name='a'>")


def test_a_whole_output_is_left_alone(results):
    leave_evidence(results, ("One", "a", "PASS"))
    recover()
    again = recover()
    assert again.exit_code == 2
    assert "is whole: there is nothing to recover" in again.output


def test_a_folder_that_was_moved_is_recovered_where_it_lies(results, tmp_path):
    leave_evidence(results, ("One", "a", "PASS"))
    moved = results.rename(tmp_path / "moved")
    assert recover(moved).exit_code == 0
    assert (moved / read_output(moved / "output.xml").results[0].evidence).is_file()


def test_a_run_that_goes_on_is_left_alone(results):
    leave_evidence(results, ("One", "a", "PASS"))
    lock_folder(results)
    try:
        done = recover()
    finally:
        unlock_folder(results)
    assert done.exit_code == 2
    assert f"process {os.getpid()} still writes into" in done.output
    assert not (results / "output.xml").exists()


def test_a_full_disk_costs_nothing_that_is_there(results, monkeypatch):
    leave_evidence(results, ("One", "a", "PASS"))
    (results / "output.xml").write_text("<robot>")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keywords.qa.combine.save", full)
    done = recover()
    assert done.exit_code == 2
    assert "No space left on device; make room, and repeat the command" in done.output
    assert (results / "output.xml").read_text() == "<robot>"


@pytest.mark.usefixtures("results")
def test_nothing_is_left_to_recover():
    done = recover()
    assert done.exit_code == 2
    assert "name the folder of results of a run that began its rows" in done.output
