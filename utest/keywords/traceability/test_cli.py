import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from keywords.qa import project as project_module
from keywords.qa.cli import app
from keywords.traceability.check.outcome import Check, github_annotations

NOT_MET = "Exit criteria not met: 1 of 1 high-risk requirement is unproven (1 fails)"
MET = "Exit criteria met as to risk: 1 high-risk requirement is proven"


@pytest.fixture
def qa(project, monkeypatch):
    monkeypatch.chdir(project.root)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_matrix_says_where_its_files_are_and_what_they_say(finished, monkeypatch, tmp_path):
    monkeypatch.chdir(finished.root)
    result = CliRunner().invoke(app, ["matrix", "--to", str(tmp_path / "matrix")])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    paths, summary, told = lines[:4], lines[4], lines[5:]
    assert [Path(path).name for path in paths] == ["index.html", "matrix.md", "matrix.csv", "matrix.json"]
    assert summary == "2 requirements: 1 failing, 1 not run; 3 rows: 1 fail, 1 skip, 1 pass"
    assert told == ["1 unexpected skip", NOT_MET]
    data = json.loads((tmp_path / "matrix/matrix.json").read_bytes())
    assert (tmp_path / "matrix" / data["rows"][0]["evidence"]).is_file()


def test_check_finds_a_skip_that_no_missing_need_explains(finished, monkeypatch):
    monkeypatch.chdir(finished.root)
    result = CliRunner().invoke(app, ["check", "--output", "results/output.xml"])
    assert result.exit_code == 1, result.output
    assert result.stdout.endswith(f"\n2 requirements, 3 rows, run results/output.xml: 1 finding\n{NOT_MET}\n")
    assert "passed: every row that ran left its evidence" in result.stdout
    assert "passed: every skip is explained" not in result.stdout
    assert result.stderr.startswith("finding: row 'Suites.Api.Chat.A stream ends' was skipped, and nothing that it")
    assert "This machine has no GPU; let it run" in result.stderr


def whole_run(project, monkeypatch, *, tags="", step="Talk"):
    project.replace("suites/api/chat.robot", "    Fail    sk-top-secret was refused\n", "")
    project.replace(
        "suites/api/chat.robot", "req:STRM-001\n    Skip    This machine has no GPU", f"req:STRM-001{tags}\n    {step}"
    )
    monkeypatch.setenv("PATH", "")
    return project.robot()


def test_check_passes_a_whole_run_and_lists_the_skips_that_it_expects(project, qa, monkeypatch):
    whole_run(project, monkeypatch, tags="    needs:curl")
    result = qa("check", "--output", "results/output.xml")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-2:] == ["2 requirements, 3 rows, run results/output.xml: no findings", MET]
    assert result.stderr == "expected skip: 1 row needs curl: No `curl` on the path: install it.\n"


def test_check_neither_passes_nor_fails_a_run_with_an_inconclusive_row(project, qa, monkeypatch):
    whole_run(project, monkeypatch, step="Skip    INCONCLUSIVE: load 14.1 on 2 cores")
    result = qa("check", "--output", "results/output.xml")
    assert result.exit_code == 3, result.output
    assert result.stderr == (
        "inconclusive: row 'Suites.Api.Chat.A stream ends' has no verdict: INCONCLUSIVE: load 14.1 on 2 cores\n"
    )


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("--skip", "was skipped, and nothing that it needs was missing"),
        ("--skiponfailure", "failed, and Robot counts it as skipped"),
    ],
)
def test_check_finds_rows_that_an_option_skipped(project, qa, monkeypatch, option, found):
    whole_run(project, monkeypatch, step="Fail")
    project.robot(option, "req:STRM-001")
    result = qa("check", "--output", "results/output.xml")
    assert result.exit_code == 1
    assert f"finding: row 'Suites.Api.Chat.A stream ends' {found}" in result.stderr


def test_check_tells_each_finding_in_a_line(project, qa):
    project.replace("suites/api/chat.robot", "kind:negative", "")
    result = qa("check")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "2 requirements, 3 rows: 1 finding"
    assert result.stderr.startswith("finding: requirement CHAT-001 (A question is answered: plainly) is partly covered")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["check", "--register", "none.yaml"], "none.yaml: the register cannot be read"),
        (["check", "--suites", "none"], "none: no suites to read"),
        (["check", "--output", "none.xml"], "none.xml: cannot be read"),
        (["matrix", "--output", "wire.py"], "wire.py: is broken off or is not XML"),
    ],
)
def test_unusable_input_is_told_from_findings(qa, arguments, problem):
    result = qa(*arguments)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_a_matrix_that_cannot_be_written_is_told(finished, monkeypatch, tmp_path):
    monkeypatch.chdir(finished.root)
    taken = tmp_path / "taken"
    taken.touch()
    result = CliRunner().invoke(app, ["matrix", "--to", str(taken)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{taken}: the matrix cannot be written: File exists; name another folder by --to\n"


@pytest.mark.parametrize("folder", [".", "suites", "suites/api", "resources/register"])
def test_the_project_is_found_from_any_folder_in_it(finished, monkeypatch, tmp_path, folder):
    monkeypatch.chdir(finished.root / folder)
    assert CliRunner().invoke(app, ["check"]).stdout.endswith("\n2 requirements, 3 rows: no findings\n")
    result = CliRunner().invoke(app, ["matrix", "--to", str(tmp_path / "matrix")])
    assert result.exit_code == 0, result.output
    assert "3 rows: 1 fail, 1 skip, 1 pass" in result.stdout


def test_elsewhere_the_project_of_the_installation_is_taken(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0, result.output
    assert "requirements, " in result.stdout
    refused = CliRunner().invoke(app, ["check", "--output", "none.xml"])
    assert refused.stderr.startswith("none.xml: cannot be read")


def test_the_matrix_lies_beside_its_output(project, qa):
    project.robot("--outputdir", "elsewhere")
    assert qa("matrix", "--output", "elsewhere/output.xml").exit_code == 0
    assert (project.root / "elsewhere/matrix/index.html").is_file()


@pytest.mark.parametrize("command", ["check", "matrix"])
def test_without_any_project_the_remedy_is_told(monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project_module, "RESOURCES", tmp_path / "none" / "resources")
    result = CliRunner().invoke(app, [command])
    assert result.exit_code == 2
    assert "no project here" in result.stderr
    assert "--suites and --register" in result.stderr


def test_check_writes_junit_and_annotations(project, qa):
    project.replace("suites/api/chat.robot", "kind:negative", "")
    result = qa("check", "--junit", "results/check.xml", "--annotations")
    assert result.exit_code == 1
    annotation = next(line for line in result.stdout.splitlines() if line.startswith("::error "))
    assert annotation.startswith(
        "::error title=every requirement has a row of each kind that it needs::requirement CHAT"
    )
    suite = ET.parse(project.root / "results/check.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    failure = suite.find("testcase[@name='every requirement has a row of each kind that it needs']/failure")
    assert "CHAT-001" in failure.text


def test_an_annotation_stands_beside_its_line():
    found = github_annotations([Check("Robot understands all files", ["suites/a.robot:15: not, this:\n100 %"])])
    assert found == ["::error file=suites/a.robot,line=15,title=Robot understands all files::not, this:%0A100 %25"]


def test_a_changed_text_makes_its_rows_suspect_until_a_review(project, qa):
    assert qa("review", "--all").stdout.endswith("reviewed.json: 2 requirements reviewed, 3 entries changed\n")
    assert qa("check").exit_code == 0
    project.replace("resources/register/requirements.yaml", "A chat request is answered", "A chat is answered at once")
    result = qa("check")
    assert result.exit_code == 1
    assert result.stderr.count(" is suspect: the text of CHAT-001 changed after they were reviewed together") == 2
    assert qa("review", "STRM-001").exit_code == 0
    assert qa("check").exit_code == 1
    assert qa("review", "CHAT-001").exit_code == 0
    assert qa("check").exit_code == 0


def test_a_new_and_a_renamed_row_want_a_review(project, qa):
    assert qa("review", "--all").exit_code == 0
    project.replace("suites/api/chat.robot", "A stream ends", "A stream ends well")
    result = qa("check")
    assert "row 'Suites.Api.Chat.A stream ends well' is not reviewed against STRM-001" in result.stderr
    assert "the reviews name row 'A stream ends' of STRM-001, which is not in the suites" in result.stderr
    assert qa("review", "STRM-001").exit_code == 0
    assert qa("check").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(["review"], "name the requirements that you have reviewed"), (["review", "CHAT-009"], "holds no CHAT-009")],
)
def test_a_review_of_nothing_is_refused(qa, arguments, problem):
    result = qa(*arguments)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_check_finds_results_that_are_too_old_and_criteria_that_are_missed(project, qa):
    criteria = """\
        - id: EXIT-001
          title: No requirement fails
          measure: {of: failures, at_most: 0}
        - id: EXIT-002
          title: Results are fresh
          measure: {of: age, at_most_days: 7}
        """
    project.write("resources/register/criteria.yaml", criteria)
    project.robot()
    result = qa("check", "--output", "results/output.xml")
    assert "finding: EXIT-001 is not met: No requirement fails: 1 of 2 fail" in result.stderr
    assert "passed: no result is too old" in result.stdout
    output = project.root / "results/output.xml"
    output.write_text(re.sub(r'start="20\d\d', 'start="2020', output.read_text("utf-8")), "utf-8")
    result = qa("check", "--output", "results/output.xml")
    assert "finding: row 'Suites.Api.Chat.A question is answered' is stale: it ran on 2020-" in result.stderr


def test_summary_is_a_gate(project, qa):
    project.write(
        "resources/register/criteria.yaml", "- {id: EXIT-001, title: None fails, measure: {of: failures, at_most: 0}}"
    )
    project.robot()
    result = qa("summary", "--gate")
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("NO-GO: results/index.html\nEXIT-001: None fails: 1 of 2 fail\n")
    page = (project.root / "results/index.html").read_text("utf-8")
    assert "NO-GO" in page
    assert "sk-top-secret" not in page
    project.replace("suites/api/chat.robot", "    Fail    sk-top-secret was refused\n", "")
    project.robot("--skip", "req:STRM-001")
    assert qa("summary").exit_code == 0
    page = (project.root / "results/index.html").read_text("utf-8")
    assert "Fixed <b>1</b>" in page
    assert "1 of 2, 50.0 %" in page
