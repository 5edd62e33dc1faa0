import subprocess

import pytest

from keywords.traceability.allure import environment
from keywords.traceability.allure.environment import environment_properties, executor

COMMIT = environment.commit


@pytest.fixture(autouse=True)
def _fixed_machine(monkeypatch):
    monkeypatch.setattr(environment, "commit", lambda: "0123456789 with changes")


def test_what_the_run_noted_comes_first_and_wins():
    lines = environment_properties({"Model": "smollm2", "Python": "3.11.0"}).splitlines()
    assert lines[:2] == ["Model = smollm2", "Python = 3.11.0"]
    assert "Commit = 0123456789 with changes" in lines
    assert sum(line.startswith("Python = ") for line in lines) == 1
    assert any(line.startswith(r"Robot\ Framework = 7.") for line in lines)


def test_names_and_values_are_escaped_for_properties():
    text = environment_properties({"Base URL: the first": "C:\\gateway\nsecond line", "Log": "[out/log.txt|the log]"})
    assert text.startswith("Base\\ URL\\:\\ the\\ first = C:\\\\gateway second line\nLog = the log\n")


def test_what_is_not_known_is_not_shown(monkeypatch):
    monkeypatch.setattr(environment, "commit", lambda: "")
    assert "Commit" not in environment_properties({"Model": ""})
    assert "Model" not in environment_properties({"Model": ""})


def test_a_workflow_run_is_linked(monkeypatch):
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_NUMBER": "3",
        "GITHUB_WORKFLOW": "tests",
    }.items():
        monkeypatch.setenv(name, value)
    assert executor()["buildUrl"] == "https://github.com/owner/name/actions/runs/7"
    assert executor()["buildName"] == "tests 3"


def test_a_run_outside_of_a_workflow_is_local(monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert executor()["type"] == "local"


def git(folder, *words):
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_a_commit_is_marked_for_changed_files_and_not_for_unknown_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert COMMIT() == ""
    (tmp_path / "known").write_text("one")
    for words in (["init", "-q"], ["add", "known"], ["commit", "-q", "-m", "First"]):
        git(tmp_path, *words)
    (tmp_path / ".venv").touch()
    assert len(COMMIT()) == 10
    (tmp_path / "known").write_text("two")
    assert COMMIT().endswith(" with changes")
