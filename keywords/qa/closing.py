"""The closing lines of `qa run`: what its matrix says beside the pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def closing_lines(matrix: Path) -> list[str]:
    """The verdict of a run, its notes, and whether the exit criteria are met; none if no matrix was made.

    Args:
        matrix: the `matrix.json` of the run.
    """
    if not matrix.is_file():
        return []
    data = json.loads(matrix.read_bytes())
    return ["", data["verdict"], *data["notes"], data["exit_criteria"]]
