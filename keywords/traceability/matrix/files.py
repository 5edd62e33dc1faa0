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

from keywords.traceability.bugs.known import names_row
from keywords.traceability.evidence.search import find_pages
from keywords.traceability.matrix.head import exit_criteria, notes, verdict
from keywords.traceability.matrix.row_labels import label
from keywords.traceability.matrix.table import STATUSES
from keywords.traceability.pages import render
from keywords.traceability.rows import source_url
from keywords.traceability.skips import MISSING_NEED, missing_needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keywords.traceability.matrix.table import Line, Matrix
    from keywords.traceability.register.bugs import Bug
    from keywords.traceability.results import Result

COLUMNS = (
    *("requirement", "title", "area", "risk", "owner", "status", "reason"),
    *("kind", "row", "suite", "result", "elapsed_s", "message", "evidence"),
)

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  # the wide forms are calculated too
"""First characters of a formula in Excel, LibreOffice or Google Sheets; source: OWASP, CSV Injection."""


def write_matrix(matrix: Matrix, to: Path) -> list[Path]:
    """Write `index.html`, `matrix.md`, `matrix.csv` and `matrix.json` into a folder, which is created if missing.

    Links are relative, so that the folder of the run can be moved.
    """
    to.mkdir(parents=True, exist_ok=True)
    facts = as_data(matrix, to)
    texts = {
        "index.html": render("matrix.html", **facts, statuses=STATUSES),
        "matrix.md": render("matrix.md", **facts, cell=_cell),
        "matrix.csv": _csv(facts["requirements"]),
        "matrix.json": json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        # A row's name or message may hold half a character, which no encoding has.
        (to / name).write_bytes(text.encode("utf-8", "backslashreplace"))
    return [to / name for name in texts]


def as_data(matrix: Matrix, to: Path) -> dict[str, Any]:
    """The matrix as plain data; links are relative to the folder `to`."""
    base = matrix.run.output.parent
    log = base / "log.html"
    logs = {
        output: _link(output.with_name("log.html"), to)
        for output in {result.output or matrix.run.output for result in matrix.results}
        if output.with_name("log.html").is_file()
    }
    pages = find_pages(matrix.run)
    places = {id(result): place for place, result in enumerate(matrix.results)}
    rows = [
        {
            "name": result.row.name,
            "anchor": f"row-{place + 1}",
            "suite": result.row.suite,
            "requirements": list(result.row.requirements),
            "kinds": list(result.row.kinds),
            "needs": list(result.row.needs),
            "result": result.status,
            "label": label(result),
            "known_as": result.known_as or None,
            "environment": result.environment or None,
            "message": result.message.removeprefix("*HTML*").strip(),
            "started": result.started,
            "elapsed_s": round(result.elapsed_s, 3),
            "evidence": _link(pages[result], to) if result in pages else None,
            "evidence_lost": result.evidence is not None and result not in pages,
            "log": _log(result, matrix, logs),
        }
        for place, result in enumerate(matrix.results)
    ]
    return {
        "verdict": verdict(matrix),
        "exit_criteria": exit_criteria(matrix),
        "notes": notes(matrix),
        "run": {
            "started": matrix.run.started,
            "elapsed_s": round(matrix.run.elapsed_s, 3),
            "metadata": {
                name: value for name, value in matrix.run.metadata.items() if not name.startswith(MISSING_NEED)
            },
            "missing_needs": missing_needs(matrix.run),
            "merged": matrix.run.merged,
            "joined": [os.path.relpath(output, to) for output in matrix.run.joined],
            "afterwards": list(matrix.run.afterwards),
            "log": _link(log, to) if log.is_file() else None,
        },
        "requirement_counts": matrix.requirement_counts,
        "row_counts": matrix.row_counts,
        "requirements": [_line(line, rows, places, matrix.register.bugs.values()) for line in matrix.lines],
        "rows": rows,
        "bugs": [_bug(bug, rows, matrix) for bug in matrix.register.bugs.values()],
    }


def _log(result: Result, matrix: Matrix, logs: dict[Path, str]) -> str | None:
    """The link to a row in Robot's log of its run."""
    log = logs.get(result.output or matrix.run.output)
    return f"{log}#{result.log_id}" if log and result.log_id else None


def _bug(bug: Bug, rows: list[dict[str, Any]], matrix: Matrix) -> dict[str, Any]:
    shown = [place for place, one in enumerate(matrix.results) if any(names_row(name, one.row) for name in bug.rows)]
    return {
        "id": bug.id,
        "title": bug.title,
        "status": bug.status,
        "severity": bug.severity,
        "is_open": bug.is_open,
        "found": bug.found.day.isoformat(),
        "expires": bug.expires.isoformat(),
        "requirements": list(bug.requirements),
        "rows": [{"name": rows[place]["name"], "anchor": rows[place]["anchor"]} for place in shown],
        "missing_rows": [name for name in bug.rows if not any(names_row(name, one.row) for one in matrix.results)],
    }


def _line(line: Line, rows: list[dict[str, Any]], places: dict[int, int], bugs: Iterable[Bug]) -> dict[str, Any]:
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
            "likelihood": requirement.risk.likelihood,
            "impact": requirement.risk.impact,
            "score": requirement.score,
            "level": requirement.level,
        },
        "needs": list(requirement.needs),
        "status": line.status,
        "reason": line.reason,
        "kinds": {kind: [rows[places[id(result)]] for result in results] for kind, results in line.by_kind.items()},
        "rows": [rows[places[id(result)]] for result in line.results],
        "bugs": [bug.id for bug in bugs if bug.is_open and requirement.id in bug.requirements],
        "row_counts": line.row_counts,
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
                row_part |= {name: row.get(name) for name in ("suite", "elapsed_s", "message")} | {
                    "result": row.get("label")
                }
                cells = {**head, "kind": kind, **row_part}
                writer.writerow({name: _no_formula(value) for name, value in cells.items()})
    return text.getvalue()


def _no_formula(value: Any) -> Any:
    """The value; a text that a spreadsheet would take for a formula gets a `'` before it, as OWASP advises."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _cell(text: str) -> str:
    """Escape a text for the cell of a Markdown table, in one line."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


def _link(target: Path, to: Path) -> str:
    return quote(Path(os.path.relpath(target, to)).as_posix())
