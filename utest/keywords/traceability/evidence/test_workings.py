"""The folders that a row and its suites worked in: links to what lies there, and logs that grew meanwhile."""

import pytest

from keywords.engine.evidence.folders import evidence_of_row, work_of_row, work_of_suite
from keywords.traceability.evidence.workings import Workings

ROW, SUITE, ROOT = "A row", "S.Limits.Rates", "S"


@pytest.fixture
def write():
    def write(folder, name, text="x"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)
        return path

    return write


def workings(folder):
    return Workings(folder, [SUITE, "S.Limits", ROOT], ROW)


def test_what_lies_there_is_linked_by_its_owner(tmp_path, write):
    row, suite, root = work_of_row(tmp_path, SUITE, ROW), work_of_suite(tmp_path, SUITE), work_of_suite(tmp_path, ROOT)
    for folder, name in [(row, "gateway-1.log"), (row, "run-1/log.html"), (row, "empty-1/x"), (suite, "a b.toml")]:
        write(folder, name)
    write(suite, "run-1/log.html")
    write(root, "gateway-1.log")
    page = evidence_of_row(tmp_path, SUITE, ROW)
    links = workings(tmp_path).links(page)
    assert [(one.owner, [name for name, _ in one.files]) for one in links] == [
        ("", ["empty-1/", "gateway-1.log", "run-1/log.html"]),
        (SUITE, ["a b.toml", "run-1/log.html"]),
        (ROOT, ["gateway-1.log"]),
    ]
    assert links[0].files[1][1] == f"../../work/{suite.name}/{row.name}/gateway-1.log"
    assert links[1].files[0][1] == f"../../work/{suite.name}/a%20b.toml"
    assert links[2].folder == f"../../work/{root.name}/"


def test_files_that_sqlite_removes_again_are_not_linked(tmp_path, write):
    for end in ("", "-wal", "-shm", "-journal"):
        write(work_of_row(tmp_path, SUITE, ROW), f"scripted-1.sqlite3{end}")
    (links,) = workings(tmp_path).links(tmp_path)
    assert [name for name, _ in links.files] == ["scripted-1.sqlite3"]


def test_a_row_that_worked_with_nothing_has_no_links(tmp_path):
    assert workings(tmp_path).links(tmp_path) == []


def test_logs_that_grew_are_told_apart_and_begin_where_the_row_began(tmp_path, write):
    suite, root = work_of_suite(tmp_path, SUITE), work_of_suite(tmp_path, ROOT)
    for folder in (suite, root):
        write(folder, "gateway-1.log", "before")
    write(work_of_row(tmp_path, SUITE, "Another row"), "gateway-1.log", "of another row")
    known = workings(tmp_path)
    write(suite, "gateway-1.log", "during")
    write(work_of_suite(tmp_path, "S.Other"), "gateway-1.log", "of another suite")
    own = write(work_of_row(tmp_path, SUITE, ROW), "gateway-1.log", "new")
    grown = [("gateway-1.log", own, 0), (f"gateway-1-of-{suite.name}.log", suite / "gateway-1.log", len("before"))]
    assert known.grown_logs() == grown


def test_of_processes_that_share_a_run_each_links_its_own_files_in_outer_suites(tmp_path, write):
    suite, root = work_of_suite(tmp_path, SUITE), work_of_suite(tmp_path, ROOT)
    ours, theirs = write(root, "gateway-1.log"), write(root, "gateway-2.log")
    inside = write(suite, "gateway-1.log")
    known = Workings(tmp_path, [SUITE, ROOT], ROW, own={ours})
    assert [[name for name, _ in one.files] for one in known.links(tmp_path)] == [["gateway-1.log"], ["gateway-1.log"]]
    for log in (ours, theirs, inside):
        write(log.parent, log.name, "more")
    assert {log for _, log, _ in known.grown_logs()} == {ours, inside}
