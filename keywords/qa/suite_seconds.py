"""How long each suite took in an earlier run: by it the longest begin first, and the rest of a run is estimated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keywords.engine.evidence.files import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from robot.result import TestSuite

FILE = "durations.json"
_BASELINES = "results/baselines"
"""Folder in the project with the durations that serve until a run has left its own."""


def read(results: Path, project: Path) -> dict[str, float]:
    """The seconds of each suite by its full name; empty if no run left any.

    Args:
        results: the folder of the run's output.
        project: the folder of the project.
    """
    for file in (results / FILE, project / _BASELINES / FILE):
        try:
            known = json.loads(file.read_bytes())
            return {str(name): float(seconds) for name, seconds in known.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            continue
    return {}


def write(results: Path, known: Mapping[str, float], run: TestSuite) -> None:
    """Write what is known with the durations of a run's suites, of which those that it left out stay as they were."""
    new = {
        suite.full_name: round(suite.elapsed_time.total_seconds(), 1)
        for suite in {test.parent.full_name: test.parent for test in run.all_tests}.values()
    }
    write_json(results / FILE, dict(sorted({**known, **new}.items())), bytes)
