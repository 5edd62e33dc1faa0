"""`index.html` of the results: the page that answers whether we may ship."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.traceability.decision.measurements import LIMIT
from keywords.traceability.matrix.files import as_data
from keywords.traceability.matrix.head import notes, summary
from keywords.traceability.matrix.table import STATUSES
from keywords.traceability.pages import render
from keywords.traceability.register.criteria import Latency, Scores

if TYPE_CHECKING:
    from datetime import date

    from keywords.traceability.decision.changes import Changes
    from keywords.traceability.decision.figures import Figures
    from keywords.traceability.decision.verdict import Decision
    from keywords.traceability.matrix.table import Matrix

PAGE = "index.html"
DATA = Path("matrix", "summary.json")
LEVELS = ("critical", "high", "medium", "low")
_DETECTION = re.compile(r"^\d+ of \d+ defects found .*$", re.MULTILINE)
PAGES = {
    "Requirement matrix": "matrix/index.html",
    "Allure report": "allure/index.html",
    "Scoreboard": "scoreboard/index.html",
    "Robot report": "report.html",
    "Robot log": "log.html",
    "JUnit XML": "xunit.xml",
    "This page as data": DATA.as_posix(),
}


def write_summary(
    matrix: Matrix,
    decision: Decision,
    changes: Changes | str,
    figures: Figures,
    to: Path,
    *,
    project: Path,
    today: date,
) -> Path:
    """Write the page, and its facts as data into the folder of the matrix.

    Args:
        matrix: the requirements with their statuses.
        decision: the verdict.
        changes: since the last run; or why they cannot be told.
        figures: what load runs and evaluations measured.
        to: the folder of results.
        project: the folder of the project, with `docs`.
        today: for the age of bugs.

    Returns:
        The page.

    Raises:
        OSError: it cannot be written.
    """
    facts = {**_facts(matrix, decision, changes, to, project, today), "figures": asdict(figures)}
    (to / DATA).parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (to / DATA).write_bytes(text.encode("utf-8", "backslashreplace"))
    page = render("summary.html", **facts, levels=LEVELS)
    (to / PAGE).write_bytes(page.encode("utf-8", "backslashreplace"))
    return to / PAGE


def judged_series(matrix: Matrix) -> list[str]:
    """The series of load runs that exit criteria judge."""
    measures = (criterion.measure for criterion in matrix.register.criteria)
    return list(dict.fromkeys(measure.series for measure in measures if isinstance(measure, Latency)))


def _baselines(matrix: Matrix) -> dict[str, str]:
    """The least lower bounds that exit criteria ask of evaluation sets, as shares; empty texts where none is set."""
    measures = (criterion.measure for criterion in matrix.register.criteria)
    asked = [one for measure in measures if isinstance(measure, Scores) for one in measure.baselines]
    return {one.set: matrix.run.metadata.get(LIMIT + one.limit, "") for one in asked}


def _facts(
    matrix: Matrix, decision: Decision, changes: Changes | str, to: Path, project: Path, today: date
) -> dict[str, Any]:
    data = as_data(matrix, to)
    lines = {line["id"]: line for line in data["requirements"]}
    return {
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "build": decision.build,
        "criteria": [
            {
                "id": one.id,
                "title": one.title,
                "met": one.met,
                "figure": one.figure,
                "requirements": [_short(lines[id_]) for id_ in one.requirements],
                "bugs": list(one.bugs),
            }
            for one in decision.criteria
        ],
        "release_series": judged_series(matrix),
        "baselines": _baselines(matrix),
        "notes": notes(matrix),
        "numbers": summary(matrix),
        "run": data["run"],
        "areas": _areas(data["requirements"]),
        "failing": [_failing(line) for line in data["requirements"] if line["status"] == "FAILING"],
        "changes": _changes(changes),
        "bugs": _bugs(matrix, data["bugs"], today),
        "waivers": [
            {**one.model_dump(mode="json"), "expired": one.has_expired(today), "soon": one.expires_soon(today)}
            for one in matrix.register.waivers.values()
        ],
        "risks": [_risk(risk, lines) for risk in matrix.register.risks],
        "detection": _detection(project, to),
        "proposed": sorted(path.relative_to(to).as_posix() for path in (to / "proposed").glob("*.patch")),
        "pages": {title: file for title, file in PAGES.items() if (to / file).is_file() or file == DATA.as_posix()},
    }


def _short(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("id", "title", "status", "reason")}


def _failing(line: dict[str, Any]) -> dict[str, Any]:
    """A failing requirement with its failed rows, each with the link to its evidence."""
    failed = [row for row in line["rows"] if row["result"] == "FAIL"]
    kept = ("name", "message", "evidence", "log", "environment")
    return {**_short(line), "risk": line["risk"], "rows": [{name: row[name] for name in kept} for row in failed]}


def _areas(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each area with the numbers of its requirements by risk and status, the worst area first."""
    counted: dict[str, dict[str, Counter[str]]] = {}
    for line in lines:
        levels = counted.setdefault(line["area"], {level: Counter() for level in LEVELS})
        levels[line["risk"]["level"]][line["status"]] += 1
    areas = [
        {
            "name": area,
            "cells": {
                level: {
                    "total": counts.total(),
                    "passing": counts["PASSING"],
                    "worst": next((status for status in STATUSES if counts[status]), ""),
                    "counts": {status: counts[status] for status in STATUSES if counts[status]},
                }
                for level, counts in levels.items()
            },
        }
        for area, levels in counted.items()
    ]
    return sorted(areas, key=_badness)


def _badness(area: dict[str, Any]) -> tuple[Any, ...]:
    worst = [STATUSES.index(cell["worst"]) for cell in area["cells"].values() if cell["worst"]]
    return min(worst), -sum(cell["total"] - cell["passing"] for cell in area["cells"].values()), area["name"]


def _changes(changes: Changes | str) -> dict[str, Any]:
    if isinstance(changes, str):
        return {"problem": changes, "since": "", "groups": [], "runs": []}
    runs = [
        {
            "started": run.started,
            "commit": run.commit,
            "verdict": run.verdict,
            "passed": run.labels.get("PASS", 0),
            "known": run.labels.get("KNOWN", 0),
            "flaky": run.labels.get("FLAKY-PASS", 0),
            "ran": sum(count for name, count in run.labels.items() if name not in {"NOT RUN", "SKIP"}),
        }
        for run in changes.runs
    ]
    groups = [{"title": title, "names": list(names)} for title, names in changes.groups]
    return {"problem": "", "since": changes.since, "groups": groups, "runs": runs}


def _bugs(matrix: Matrix, bugs: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    """The open bugs, the oldest first within a severity."""
    shown = [
        {
            **bug,
            "age": matrix.register.bugs[bug["id"]].age(today),
            "expired": matrix.register.bugs[bug["id"]].has_expired(today),
        }
        for bug in bugs
        if bug["is_open"]
    ]
    return sorted(shown, key=lambda bug: (bug["severity"], -bug["age"]))


def _risk(risk: Any, lines: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": risk.id,
        "title": risk.title,
        "kind": risk.kind,
        "score": risk.risk.score,
        "residual": risk.residual.score,
        "level": risk.residual.level,
        "owner": risk.owner,
        "mitigation": risk.mitigation,
        "requirements": [_short(lines[id_]) for id_ in risk.requirements],
    }


def _detection(project: Path, to: Path) -> dict[str, str] | None:
    """How many planted defects the suites found when that was last measured; None if it never was."""
    file = project / "docs" / "DETECTION.md"
    try:
        found = _DETECTION.search(file.read_text(encoding="utf-8"))
    except OSError:
        return None
    if not found:
        return None
    return {
        "text": found[0].partition(" `s`:")[0],
        "file": Path("..", "docs", file.name).as_posix() if to.parent == project else "",
    }
