"""Output of earlier runs in the results folder, and its removal by the next run."""

import pytest

from keywords.traceability.sealed_page import POLICY


def test_the_evidence_of_the_run_before_is_cleared_away(project):
    project.robot()
    (project.results / "gateway-1.log").touch()
    project.robot("--include", "smoke")
    assert [path.name.rsplit("-", 1)[0] for path in (project.results / "evidence").iterdir() if path.is_dir()] == [
        "a-question-is-answered"
    ]
    assert not (project.results / "gateway-1.log").exists()


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
