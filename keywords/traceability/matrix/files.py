"""Files of the matrix: a page for people; Markdown, CSV and JSON for tools."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from keywords.traceability.matrix.table import STATUSES
from keywords.traceability.pages import render
from keywords.traceability.rows import source_url

if TYPE_CHECKING:
    from keywords.traceability.matrix.table import Line, Matrix

COLUMNS = (
    *("requirement", "title", "area", "risk", "owner", "status", "reason"),
    *("kind", "row", "suite", "result", "elapsed_s", "message", "evidence"),
)


def write_matrix(matrix: Matrix, to: Path) -> list[Path]:
    """Write `index.html`, `matrix.md`, `matrix.csv` and `matrix.json` into a folder, which is created if missing.

    Links are relative, so that the folder of the run can be moved.
    """
    to.mkdir(parents=True, exist_ok=True)
    facts = as_data(matrix, to)
    texts = {
        "index.html": render("matrix.html", **facts, verdict=verdict(matrix), statuses=STATUSES),
        "matrix.md": render("matrix.md", **facts, verdict=verdict(matrix), cell=_cell),
        "matrix.csv": _csv(facts["requirements"]),
        "matrix.json": json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        (to / name).write_text(text, encoding="utf-8", newline="")
    return [to / name for name in texts]


def verdict(matrix: Matrix) -> str:
    """The run's verdict in a sentence."""
    counts = matrix.requirement_counts
    total = len(matrix.lines)
    stopped = matrix.run.interruption
    afterwards = "; ".join(matrix.run.afterwards)
    if failing := counts["FAILING"]:
        return f"{failing} of {total} requirements {_fails(failing)}" + "".join(
            f"; {more}" for more in (stopped, afterwards) if more
        )
    if stopped:
        return f"No verdict: {stopped}"
    if afterwards:
        return f"No requirement fails, but the run did not end well: {afterwards}"
    if open_ := counts["UNCOVERED"] + counts["PARTIAL"]:
        return f"Nothing fails; {open_} of {total} requirements {'is' if open_ == 1 else 'are'} not fully proven"
    if idle := counts["NOT_RUN"]:
        return f"Whatever ran holds; {idle} of {total} requirements could not be tried here"
    return f"All {total} requirements hold"


def summary(matrix: Matrix) -> str:
    """The numbers of a matrix in one line."""
    requirements = ", ".join(
        f"{n} {status.lower().replace('_', ' ')}" for status, n in _positive(matrix.requirement_counts)
    )
    rows = ", ".join(f"{n} {status.lower()}" for status, n in _positive(matrix.row_counts))
    return f"{len(matrix.lines)} requirements: {requirements}; {len(matrix.results)} rows: {rows}"


def as_data(matrix: Matrix, to: Path) -> dict[str, Any]:
    """The matrix as plain data; links are relative to the folder `to`."""
    base = matrix.run.output.parent
    log = base / "log.html"
    places = {id(result): place for place, result in enumerate(matrix.results)}
    rows = [
        {
            "name": result.row.name,
            "suite": result.row.suite,
            "requirements": list(result.row.requirements),
            "kinds": list(result.row.kinds),
            "needs": list(result.row.needs),
            "result": result.status,
            "message": result.message.removeprefix("*HTML*").strip(),
            "started": result.started,
            "elapsed_s": round(result.elapsed_s, 3),
            "evidence": _link(base / result.evidence, to) if result.evidence else None,
            "log": f"{_link(log, to)}#{result.log_id}" if result.log_id and log.is_file() else None,
        }
        for result in matrix.results
    ]
    return {
        "run": {
            "started": matrix.run.started,
            "elapsed_s": round(matrix.run.elapsed_s, 3),
            "metadata": dict(matrix.run.metadata),
            "afterwards": list(matrix.run.afterwards),
            "log": _link(log, to) if log.is_file() else None,
        },
        "requirement_counts": matrix.requirement_counts,
        "row_counts": matrix.row_counts,
        "requirements": [_line(line, rows, places) for line in matrix.lines],
        "rows": rows,
    }


def _line(line: Line, rows: list[dict[str, Any]], places: dict[int, int]) -> dict[str, Any]:
    requirement = line.requirement
    return {
        "id": requirement.id,
        "title": requirement.title,
        "text": requirement.text,
        "area": requirement.area,
        "owner": requirement.owner,
        "source": requirement.source,
        "source_url": source_url(requirement.source),
        "risk": {
            "likelihood": requirement.likelihood,
            "impact": requirement.impact,
            "score": requirement.score,
            "level": requirement.level,
        },
        "needs": list(requirement.needs),
        "status": line.status,
        "reason": line.reason,
        "kinds": {kind: [rows[places[id(result)]] for result in results] for kind, results in line.by_kind.items()},
    }


def _csv(requirements: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    for line in requirements:
        head = {name: line[name] for name in ("title", "area", "owner", "status", "reason")}
        head |= {"requirement": line["id"], "risk": line["risk"]["score"]}
        for kind, rows in line["kinds"].items():
            for row in rows or [{}]:
                row_part = {"row": row.get("name"), "evidence": row.get("evidence")}
                row_part |= {name: row.get(name) for name in ("suite", "result", "elapsed_s", "message")}
                writer.writerow({**head, "kind": kind, **row_part})
    return text.getvalue()


def _cell(text: str) -> str:
    """Escape a text for the cell of a Markdown table, in one line."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


def _link(target: Path, to: Path) -> str:
    return quote(Path(os.path.relpath(target, to)).as_posix())


def _fails(count: int) -> str:
    return "fails" if count == 1 else "fail"


def _positive(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in counts.items() if count]
