from dataclasses import replace

import pytest

from keywords.traceability.scoreboard import Server, as_data, write_scoreboard
from utest.keywords.traceability.matrix.runs import BOTH, FUNCTIONAL, NEGATIVE, matrix, requirement, result


def servers():
    requirements = [requirement("A-001"), requirement("B-001"), requirement("C-001")]
    of_b = ("req:B-001", "kind:functional")
    known = result("SKIP", *of_b, name="B", message="KNOWN DIFF-001 of x: no", known_as="DIFF-001 of x")
    return [
        Server(
            "this gateway", "0.1", matrix(requirements, [result("PASS", *FUNCTIONAL), result("PASS", *of_b, name="B")])
        ),
        Server("x", "2|0", matrix(requirements, [result("FAIL", *FUNCTIONAL, message="no\nanswer"), known])),
    ]


def test_servers_stand_side_by_side_by_requirement():
    data = as_data(servers(), "2026-11-28")
    cells = {line["id"]: [cell["mark"] for cell in line["cells"]] for line in data["requirements"]}
    # Nobody could see the third one.
    assert cells == {"A-001": ["holds", "fails"], "B-001": ["holds", "differs"]}
    assert data["requirements"][0]["cells"][1]["why"] == "no answer"
    assert [server["tried"] for server in data["servers"]] == [2, 2]
    assert data["servers"][1]["counts"]["fails"] == 1


def test_what_a_server_skips_is_not_seen():
    one, two = servers()
    skipped = replace(two, matrix=matrix([requirement("A-001")], [result("SKIP", *FUNCTIONAL)]))
    only = replace(one, matrix=matrix([requirement("A-001")], [result("PASS", *FUNCTIONAL)]))
    (line,) = as_data([only, skipped], "2026-11-28")["requirements"]
    assert [cell["mark"] for cell in line["cells"]] == ["holds", "not seen"]


KNOWN = result("SKIP", *FUNCTIONAL, message="KNOWN DIFF-001 of x: no", known_as="DIFF-001 of x")
DECLINED = result("SKIP", *NEGATIVE, name="B", message="DECLINED: no tools")
UNDECIDED = result("SKIP", *NEGATIVE, message="INCONCLUSIVE: load 14")


@pytest.mark.parametrize(
    ("results", "mark"),
    [
        ([KNOWN, result("SKIP", *NEGATIVE)], "differs"),
        ([result("PASS", *FUNCTIONAL), result("SKIP", *NEGATIVE)], "holds in part"),
        ([result("PASS", *FUNCTIONAL), UNDECIDED], "holds in part"),
        ([result("SKIP", *FUNCTIONAL), UNDECIDED], "not decided"),
        ([result("SKIP", *FUNCTIONAL, message="DECLINED: no tools")], "declined"),
        ([result("PASS", *FUNCTIONAL, "kind:negative"), DECLINED], "holds in part"),
        ([result("PASS", *FUNCTIONAL), result("PASS", *NEGATIVE)], "holds"),
    ],
)
def test_the_mark_tells_what_the_rows_saw(results, mark):
    (line,) = as_data([Server("x", "1", matrix([requirement(needs=BOTH)], results))], "2026-11-28")["requirements"]
    assert line["cells"][0]["mark"] == mark


def test_how_many_rows_told_something_stands_beside_the_mark():
    results = [result("PASS", *FUNCTIONAL), result("SKIP", *FUNCTIONAL, name="B")]
    (line,) = as_data([Server("x", "1", matrix([requirement()], results))], "2026-11-28")["requirements"]
    assert (line["cells"][0]["tried"], line["cells"][0]["rows"]) == (1, 2)


def test_page_and_markdown_are_written(tmp_path):
    write_scoreboard(servers(), tmp_path / "docs" / "S.md", tmp_path / "page" / "index.html", "2026-11-28")
    text = (tmp_path / "docs" / "S.md").read_text("utf-8")
    assert "| A-001 A title | holds | fails |" in text
    assert "fails</span>" in (tmp_path / "page" / "index.html").read_text("utf-8")
