"""Search for the evidence of a run's rows: beside its output.xml, or where the runs that it was merged from left it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keywords.engine.evidence.folders import EVIDENCE_FOLDER
from keywords.traceability.evidence.row import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keywords.traceability.results import Result, Run

PABOT = "pabot_results"
"""Folder in which pabot keeps a folder for each of its processes."""


def find_pages(run: Run) -> dict[Result, Path]:
    """The evidence page of each row that has one.

    A row run again writes into a folder of the same name, so a page counts only if its row began at the same moment.
    It is sought beside the output.xml, then in the folders below and beside the output.xml's own.
    """
    of_output: dict[Path, list[Result]] = {}
    for result in run.results:
        if result.evidence:
            of_output.setdefault(result.output or run.output, []).append(result)
    pages: dict[Result, Path] = {}
    for output, results in of_output.items():
        for base in _bases(output.parent.resolve()):
            lost = [result for result in results if result not in pages]
            if not lost:
                break
            pages |= {result: page for result in lost if _is_of(page := base / str(result.evidence), result)}
    return pages


def ended_as(page: Path) -> str:
    """The status that a row had when it ended, as its evidence holds it; empty if that cannot be read.

    Args:
        page: the evidence page of the row.
    """
    return str(_facts(page).get("status") or "")


def _bases(folder: Path) -> Iterator[Path]:
    yield folder
    for around in (folder, folder / PABOT, folder.parent):
        yield from sorted(found.parent for found in around.glob(f"*/{EVIDENCE_FOLDER}"))


def _is_of(page: Path, result: Result) -> bool:
    return page.is_file() and _facts(page).get("started") == result.started


def _facts(page: Path) -> dict[str, Any]:
    """What the evidence beside a page says of its row; empty if it cannot be read."""
    try:
        facts = json.loads((page.parent / FACTS).read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
