"""What a run that was killed left behind: the rows that it was about to run, and the facts of those that had ended."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from keywords.engine.evidence.folders import EVIDENCE_FOLDER
from keywords.traceability.evidence.row import FACTS, PAGE
from keywords.traceability.results import NOT_STARTED, Result, Run
from keywords.traceability.rows import Row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLAN = "plan.json"
LOST = f"{NOT_STARTED}the run was killed before this row had ended."


class NothingLeftError(Exception):
    """A folder holds nothing of a run; the message is the reason with its remedy."""


def write_plan(output_dir: Path, rows: Sequence[Row]) -> None:
    """Note the rows that a run is about to run; several processes of one run write the same.

    Raises:
        OSError: it cannot be written.
    """
    plan = output_dir / EVIDENCE_FOLDER / PLAN
    own = plan.with_name(f"{PLAN}.{os.getpid()}")
    rows_as_data = [{"name": row.name, "suite": row.suite, "tags": row.tags} for row in rows]
    own.write_text(json.dumps(rows_as_data, ensure_ascii=True), encoding="utf-8")
    own.replace(plan)


def read_left_behind(results: Path) -> Run:
    """The run whose rows left their evidence in a folder of results, whether it came to its end or not.

    Raises:
        NothingLeftError: the folder holds no evidence of a run.
    """
    folder = results / EVIDENCE_FOLDER
    try:
        plan = [Row(one["name"], one["suite"], tuple(one["tags"])) for one in json.loads((folder / PLAN).read_bytes())]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise NothingLeftError(
            f"{folder / PLAN} cannot be read ({err}): name the folder of results of a run that began its rows"
        ) from err
    ended = {result.row.full_name: (result, facts) for result, facts in _ended(results, folder)}
    done = [ended[row.full_name][0] if row.full_name in ended else Result(row, "FAIL", LOST) for row in plan]
    last = max((facts for _, facts in ended.values()), key=lambda facts: facts["started"], default={})
    return Run(
        results / "output.xml",
        tuple(done),
        dict(last.get("environment", {})),
        min((result.started for result in done if result.started), default=""),
        sum(result.elapsed_s for result in done),
    )


def _ended(results: Path, folder: Path) -> list[tuple[Result, dict[str, Any]]]:
    """The rows that had ended, each with its facts; a file that was cut by the kill counts for nothing."""
    found = []
    for file in sorted(folder.glob(f"*/{FACTS}")):
        try:
            facts = json.loads(file.read_bytes())
            row = Row(facts["name"], facts["suite"], tuple(facts["tags"]))
            page = file.with_name(PAGE).relative_to(results).as_posix()
            ended = Result(
                row,
                facts["status"],
                facts["message"],
                facts["elapsed_s"],
                facts["started"],
                page,
                known_as=facts["known_as"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found.append((ended, facts))
    return found
