"""A search of a run's files finds a secret anywhere, and fails if no row sent one."""

import pytest
from robot.api.types import Secret

from keywords.run.child_run import ChildRun, ChildRunLibrary
from keywords.traceability.results import Result
from keywords.traceability.rows import Row

KEY = Secret("qa-0123456789abcdef")
ROW = "A row that sends a key"


@pytest.fixture
def child(tmp_path, monkeypatch):
    """A run whose one row left evidence; `child.folder` is its output directory."""
    evidence = tmp_path / "evidence" / "a-row"
    evidence.mkdir(parents=True)
    (evidence / "index.html").write_text("one exchange")
    (evidence / "01-exchange.json").write_text('{"authorization": "<secret>"}')
    result = Result(Row(ROW, "Child", ()), "FAIL", evidence="evidence/a-row/index.html")
    monkeypatch.setattr(ChildRun, "results", lambda _: (result,))
    return ChildRun(1, "", "", tmp_path)


def search(child):
    ChildRunLibrary().files_of_child_should_not_contain(child, KEY, row=ROW)


def test_files_without_the_secret_are_good(child):
    search(child)


def test_a_secret_in_a_file_or_in_the_output_is_found_and_not_repeated(child, tmp_path):
    (tmp_path / "log.html").write_text(f"it is {KEY.value}")
    with pytest.raises(AssertionError, match=r"stands in log\.html, stderr$") as failed:
        search(ChildRun(1, "", f"it is {KEY.value}", child.folder))
    assert KEY.value not in str(failed.value)


def test_a_row_that_sent_no_secret_controls_nothing(child, tmp_path):
    (tmp_path / "evidence" / "a-row" / "01-exchange.json").write_text("{}")
    (tmp_path / "elsewhere").write_text("<secret>")
    with pytest.raises(AssertionError, match=r"\(FAIL\) left no evidence that it sent a secret"):
        search(child)


def test_a_row_without_evidence_controls_nothing(child, monkeypatch):
    monkeypatch.setattr(ChildRun, "results", lambda _: (Result(Row(ROW, "Child", ()), "NOT RUN"),))
    with pytest.raises(AssertionError, match=r"\(NOT RUN\) left no evidence"):
        search(child)


def test_a_run_without_the_row_controls_nothing(child, monkeypatch):
    monkeypatch.setattr(ChildRun, "results", lambda _: ())
    with pytest.raises(AssertionError, match="was run"):
        search(child)
