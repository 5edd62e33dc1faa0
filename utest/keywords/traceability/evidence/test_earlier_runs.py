"""Output of earlier runs in the results folder, and its removal by the next run."""

from pathlib import Path

import pytest

from keywords.engine.evidence.folders import work_of_row
from keywords.traceability.sealed_page import POLICY


def test_the_evidence_of_the_run_before_is_cleared_away(project):
    project.robot()
    log = project.write("results/work/chat-1/gateway-1.log", "")
    project.robot("--include", "smoke")
    assert [path.name.rsplit("-", 1)[0] for path in (project.results / "evidence").iterdir() if path.is_dir()] == [
        "a-question-is-answered"
    ]
    assert not log.exists()


def earlier_pages(project, policy):
    for name in ("index.html", "matrix.md", "matrix.csv", "matrix.json"):
        project.write(f"results/matrix/{name}", "old")
    return project.write("results/allure/index.html", f"<html><head>{policy}</head></html>")


@pytest.mark.parametrize("fault", ["", "req:STRM-001"])
def test_the_pages_of_the_run_before_are_cleared_away_even_if_no_row_begins(project, fault):
    earlier_pages(project, POLICY)
    project.replace("suites/api/chat.robot", fault, "")
    project.robot()
    assert not (project.results / "matrix").exists()
    assert not (project.results / "allure").exists()


def test_pages_of_other_projects_stay(project):
    page = earlier_pages(project, "")
    other = project.write("results/matrix/film.txt", "mine")
    project.robot("--include", "smoke")
    assert page.is_file()
    assert [path.name for path in other.parent.iterdir()] == ["film.txt"]


def test_a_folder_of_someone_elses_evidence_stays(project):
    other = project.write("results/evidence/other/file.txt", "mine")
    project.robot("--include", "smoke")
    assert other.is_file()


def test_a_folder_of_someone_elses_work_stays(project):
    other = project.write("results/work/other/file.txt", "mine")
    for _ in range(2):
        project.robot("--include", "smoke")
    assert other.is_file()


def test_of_an_earlier_run_of_the_same_row_nothing_is_left_in_someone_elses_work(project):
    project.write("results/work/other/file.txt", "mine")
    row = work_of_row(Path("results"), "Suites.Api.Chat", "A question is answered")
    old = project.write(f"{row.as_posix()}/gateway-1.log", "old")
    project.robot("--include", "smoke")
    assert not old.exists()
