"""What a run within a run leaves, and where."""

import pytest

from keywords.run.child_files import ChildFilesLibrary
from keywords.run.robot_process import ChildRun
from keywords.traceability.results import Result
from keywords.traceability.rows import Row

ROW = "A row"
PAGE = """
<tr><th><a href="../../work/s-1/a-row-1/">this row</a></th>
<td><a href="../../work/s-1/a-row-1/gateway-1.log">gateway-1.log</a></td></tr>
<tr><th><a href="../../work/s-1/">S &amp; T</a></th>
<td><a href="../../work/s-1/route-1.toml">route-1.toml</a>
· <a href="../../work/s-1/x-1/log.html">x-1/log.html</a></td></tr>
<tr><th>Model</th><td>m</td></tr>
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    for name in ("work/s-1/a-row-1/gateway-1.log", "work/s-1/route-1.toml", "work/s-1/x-1/log.html", "log.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    page = tmp_path / "evidence/a-row/index.html"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE)
    result = Result(Row(ROW, "S", ()), "PASS", evidence="evidence/a-row/index.html")
    monkeypatch.setattr(ChildRun, "results", lambda _: (result,))
    return ChildRun(0, "", "", tmp_path)


@pytest.fixture
def library():
    return ChildFilesLibrary()


def test_pages_and_machine_files_may_lie_at_the_top(library, child):
    library.top_of_results_should_hold_pages_only(child)


def test_anything_else_at_the_top_is_found(library, child):
    (child.folder / "gateway-1.log").touch()
    (child.folder / "children").mkdir()
    with pytest.raises(AssertionError, match=r"lies what is no page: children, gateway-1\.log; make it by"):
        library.top_of_results_should_hold_pages_only(child)


def test_links_are_named_by_their_owner(library, child):
    assert library.get_linked_workings(child, ROW, "this row") == ["gateway-1.log"]
    assert library.get_linked_workings(child, ROW, "S & T") == ["route-1.toml", "x-1/log.html"]


def test_an_owner_without_links_is_a_failure(library, child):
    with pytest.raises(AssertionError, match=r"links no workings of 'Model', only of \['S & T', 'this row'\]"):
        library.get_linked_workings(child, ROW, "Model")


def test_a_link_that_leads_nowhere_is_a_failure(library, child):
    (child.folder / "work/s-1/route-1.toml").unlink()
    with pytest.raises(AssertionError, match=r"links what is not there: route-1\.toml"):
        library.get_linked_workings(child, ROW, "S & T")


def test_a_row_without_evidence_is_a_failure(library, child, monkeypatch):
    monkeypatch.setattr(ChildRun, "results", lambda _: (Result(Row(ROW, "S", ()), "NOT RUN"),))
    with pytest.raises(AssertionError, match="'A row' left no evidence"):
        library.get_linked_workings(child, ROW, "this row")
