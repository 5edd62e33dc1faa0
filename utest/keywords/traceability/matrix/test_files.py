"""The four files of a matrix: what came from outside is escaped in each, and no link is dead."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from keywords.traceability.matrix.files import write_matrix
from keywords.traceability.matrix.head import summary
from keywords.traceability.matrix.table import build
from keywords.traceability.register.register import Register
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row


def requirement(id_="A-001", needs=("functional",), score=(1, 1), title="A title"):
    risk = dict(zip(("likelihood", "impact"), score, strict=True))
    return Requirement(id=id_, title=title, text="A text", area="area", risk=risk, needs=needs, owner="quality")


def result(status, *tags, name="A row", message="", evidence=None, replaced=()):
    started = "2026-01-01T10:00:00"
    return Result(Row(name, "Suites.S", tags), status, message, 0.5, started, evidence, "s1-t1", replaced)


def matrix(requirements, results, rows=(), output=Path("results/output.xml"), metadata=None, **run):
    register = Register(Path("requirements.yaml"), {one.id: one for one in requirements})
    metadata = {"Model": "m", "Missing need redis": "No Redis.", "Missing need gpu": "No GPU.", **(metadata or {})}
    return build(register, Run(output, tuple(results), metadata, "2026-01-01T10:00:00", 12.0, **run), rows)


FUNCTIONAL = ("req:A-001", "kind:functional")
BOTH = ("functional", "negative")


def keep_evidence(folder, page, started):
    (folder / page).parent.mkdir(parents=True)
    (folder / page).touch()
    (folder / page).with_name("row.json").write_text(json.dumps({"started": started}))


@pytest.fixture
def written(tmp_path):
    output = tmp_path / "output.xml"
    keep_evidence(tmp_path, "evidence/a-row/index.html", "2026-01-01T10:00:00")
    (tmp_path / "log.html").touch()
    results = [
        result("PASS", *FUNCTIONAL, name="A <b>row</b> | [x]", message="4 of 20", evidence="evidence/a-row/index.html"),
        result(
            "FAIL",
            "req:B-001",
            "kind:functional",
            name="B",
            message="x, <script>alert(1)</script>\nsecond",
            evidence="evidence/gone/index.html",
        ),
    ]
    requirements = [requirement(needs=BOTH), requirement("B-001", title="A | B <i> of `x`")]
    found = matrix(requirements, results, output=output, metadata={"Model": "m|<b>`x`"})
    assert summary(found) == "2 requirements: 1 failing, 1 partial; 2 rows: 1 fail, 1 pass"
    return {path.name: path.read_text(encoding="utf-8") for path in write_matrix(found, tmp_path / "matrix")}


def test_four_formats_are_written(written):
    assert list(written) == ["index.html", "matrix.md", "matrix.csv", "matrix.json"]


def test_the_page_stands_alone_and_escapes_what_came_from_outside(written):
    page = written["index.html"]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "A &lt;b&gt;row" in page
    assert page.count("4 of 20") == 2
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "1 of 2 requirements fails" in page
    assert 'href="../evidence/a-row/index.html"' in page
    assert 'href="../log.html#s1-t1"' in page
    assert "<code>x</code>" in page
    assert "m|&lt;b&gt;" in page


def test_evidence_that_is_not_there_is_said_to_be_absent_and_not_linked(written):
    assert "its evidence is not here" in written["index.html"]
    assert "evidence/gone" not in written["index.html"] + written["matrix.md"] + written["matrix.csv"]
    assert [row["evidence_lost"] for row in json.loads(written["matrix.json"])["rows"]] == [False, True]


def test_a_row_of_two_kinds_stands_once_in_the_page(tmp_path):
    found = matrix([requirement(needs=BOTH)], [result("PASS", *FUNCTIONAL, "kind:negative", name="Two kinds")])
    write_matrix(found, tmp_path)
    forward = (tmp_path / "index.html").read_text().split('id="backward"')[0]
    assert forward.count("Two kinds") == 1
    assert "functional, negative" in forward


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_formula_in_the_csv_is_a_text(tmp_path, text):
    row = result("FAIL", *FUNCTIONAL, name=f"{text} row", message=text)
    write_matrix(matrix([requirement(title=text)], [row]), tmp_path)
    (line,) = csv.DictReader(io.StringIO((tmp_path / "matrix.csv").read_bytes().decode(), newline=""))
    assert (line["message"], line["row"], line["title"]) == (f"'{text.strip()}", f"'{text} row", f"'{text.strip()}")
    assert line["elapsed_s"] == "0.5"


def test_half_a_character_breaks_no_file(tmp_path):
    paths = write_matrix(matrix([requirement()], [result("FAIL", *FUNCTIONAL, message="half \ud83d")]), tmp_path)
    assert all("half" in path.read_text(encoding="utf-8") for path in paths)
    assert json.loads((tmp_path / "matrix.json").read_bytes())["rows"][0]["message"] == "half \ud83d"


def test_a_markdown_line_is_one_line_with_its_cells(written):
    assert "Model m\\|\\<b\\>\\`x\\`." in written["matrix.md"]
    line = next(line for line in written["matrix.md"].splitlines() if line.startswith("| B-001"))
    assert line.count(" | ") == 4
    assert r"A \| B \<i\>" in line


def test_the_csv_has_a_line_for_each_requirement_kind_and_row(written):
    lines = list(csv.DictReader(written["matrix.csv"].splitlines(keepends=True)))
    found = [(line["requirement"], line["status"], line["kind"], line["row"], line["result"]) for line in lines]
    assert found == [
        ("B-001", "FAILING", "functional", "B", "FAIL"),
        ("A-001", "PARTIAL", "functional", "A <b>row</b> | [x]", "PASS"),
        ("A-001", "PARTIAL", "negative", "", ""),
    ]
    assert lines[0]["message"] == "x, <script>alert(1)</script>\nsecond"


def test_the_json_leads_both_ways(written):
    data = json.loads(written["matrix.json"])
    assert {name: count for name, count in data["requirement_counts"].items() if count} == {"FAILING": 1, "PARTIAL": 1}
    assert data["run"] == {
        "started": "2026-01-01T10:00:00",
        "elapsed_s": 12.0,
        "metadata": {"Model": "m|<b>`x`"},
        "missing_needs": {"redis": "No Redis.", "gpu": "No GPU."},
        "merged": "",
        "joined": [],
        "afterwards": [],
        "log": "../log.html",
    }
    partial = data["requirements"][1]
    assert (partial["id"], partial["risk"]["level"], partial["kinds"]["negative"]) == ("A-001", "low", [])
    assert partial["kinds"]["functional"][0]["evidence"] == "../evidence/a-row/index.html"
    assert data["rows"][1]["requirements"] == ["B-001"]
