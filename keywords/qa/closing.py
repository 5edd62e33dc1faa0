"""The closing lines of `qa run`: what its matrix says beside the pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def closing_lines(matrix: Path) -> list[str]:
    """What failed in a run, its notes, and whether it may be shipped; none if no matrix was made.

    Args:
        matrix: the `matrix.json` of the run.
    """
    if not matrix.is_file():
        return []
    data = json.loads(matrix.read_bytes())
    return ["", data["verdict"], *data["notes"], data["exit_criteria"], *_decision(matrix.with_name("summary.json"))]


def _decision(summary: Path) -> list[str]:
    """The verdict on a release with its heaviest reason; none if no summary was made."""
    if not summary.is_file():
        return []
    data = json.loads(summary.read_bytes())
    return [f"{data['verdict']}: {data['reasons'][0]}"]
