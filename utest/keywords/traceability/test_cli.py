import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keywords.qa.cli import app


@pytest.fixture
def qa(project, monkeypatch):
    monkeypatch.chdir(project.root)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_matrix_says_where_its_files_are_and_what_they_say(finished, monkeypatch, tmp_path):
    monkeypatch.chdir(finished.root)
    result = CliRunner().invoke(app, ["matrix", "--to", str(tmp_path / "matrix")])
    assert result.exit_code == 0, result.output
    *paths, summary = result.stdout.splitlines()
    assert [Path(path).name for path in paths] == ["index.html", "matrix.md", "matrix.csv", "matrix.json"]
    assert summary == "2 requirements: 1 failing, 1 not run; 3 rows: 1 fail, 1 skip, 1 pass"
    data = json.loads((tmp_path / "matrix/matrix.json").read_bytes())
    assert (tmp_path / "matrix" / data["rows"][0]["evidence"]).is_file()


def test_check_passes_a_whole_run_and_warns_of_skipped_rows(finished, monkeypatch):
    monkeypatch.chdir(finished.root)
    result = CliRunner().invoke(app, ["check", "--output", "results/output.xml"])
    assert result.exit_code == 0, result.output
    assert result.stdout == "2 requirements, 3 rows, run results/output.xml: no findings\n"
    assert result.stderr == "warning: row 'Suites.Api.Chat.A stream ends' was skipped: This machine has no GPU\n"


def test_check_tells_each_finding_in_a_line(project, qa):
    project.replace("suites/api/chat.robot", "kind:negative", "")
    result = qa("check")
    assert result.exit_code == 1
    assert result.stdout == "2 requirements, 3 rows: 1 finding\n"
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
