"""A search of a run's files finds a secret anywhere, and fails if no row sent one."""

import json

import pytest
from robot.api.types import Secret

from keywords.run.child_run import ChildRunLibrary
from keywords.run.encodings import ENCODINGS
from keywords.run.robot_process import ChildRun
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


CONTROL = "no-secret-1A2b3C4d5E"


def said_in_all_ways(text):
    streamed = "\n".join(f'data: {{"content": "{piece}"}}' for piece in (text[:5], text[5:10], text[10:]))
    return "\n".join([*(encode(text) for encode in ENCODINGS.values()), streamed])


def test_a_search_that_finds_the_control_in_all_ways_proves_something(child, tmp_path):
    (tmp_path / "output.xml").write_text(said_in_all_ways(CONTROL))
    ChildRunLibrary().child_should_keep_secret(child, KEY, control=CONTROL)
    (tmp_path / "output.xml").write_text(CONTROL)
    with pytest.raises(
        AssertionError, match=r"proves nothing: nowhere stands 'no-secret.* as .*base64.*pieces of a stream"
    ):
        ChildRunLibrary().child_should_keep_secret(child, KEY, control=CONTROL)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_in_any_encoding_is_found_and_not_repeated(child, tmp_path, encoding):
    (tmp_path / "output.xml").write_text(said_in_all_ways(CONTROL))
    (tmp_path / "evidence" / "leak.txt").write_text(f"[{ENCODINGS[encoding](KEY.value)}]")
    with pytest.raises(AssertionError, match=rf"stands .*as {encoding} in evidence.leak\.txt \(1\)") as failed:
        ChildRunLibrary().child_should_keep_secret(child, KEY, control=CONTROL)
    assert KEY.value not in str(failed.value)


@pytest.mark.parametrize(
    ("leak", "way"), [(KEY.value[4:12], "a piece"), (said_in_all_ways(KEY.value)[-90:], "pieces of a stream")]
)
def test_a_part_of_a_secret_is_found(child, tmp_path, leak, way):
    (tmp_path / "output.xml").write_text(said_in_all_ways(CONTROL))
    (tmp_path / "log.html").write_text(leak)
    with pytest.raises(AssertionError, match=f"as {way} in log.html"):
        ChildRunLibrary().child_should_keep_secret(child, KEY, control=CONTROL)


def test_the_last_failure_of_a_row_is_read_from_its_evidence(child, tmp_path):
    for number, failure in ((1, "cut"), (2, None)):
        (tmp_path / "evidence" / "a-row" / f"0{number}-exchange.json").write_text(json.dumps({"failure": failure}))
    assert ChildRunLibrary().get_last_failure(child, ROW) == ""
    (tmp_path / "evidence" / "a-row" / "02-exchange.json").unlink()
    assert ChildRunLibrary().get_last_failure(child, ROW) == "cut"
    (tmp_path / "evidence" / "a-row" / "01-exchange.json").unlink()
    with pytest.raises(AssertionError, match="holds no exchange"):
        ChildRunLibrary().get_last_failure(child, ROW)
