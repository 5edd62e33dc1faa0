"""Names of the folders that a run leaves in its output folder: short, unique, and valid on every file system."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EVIDENCE_FOLDER = "evidence"
WORK_FOLDER = "work"
"""Holds what rows work with: logs and configurations of their gateways, key files, runs within the run."""
SLUG_CHARACTERS = 40
"""Characters of a name that its folder shows. Windows takes 260 for a whole path, and a run may lie within a run."""


def evidence_of_row(output_dir: Path, suite: str, row: str) -> Path:
    """The folder of a row's evidence.

    Args:
        output_dir: Robot's `${OUTPUT DIR}`.
        suite: the full name of the row's suite.
        row: the name of the row.
    """
    return output_dir / EVIDENCE_FOLDER / _name(row, f"{suite}.{row}")


def evidence_of_suite(output_dir: Path, suite: str) -> Path:
    """The folder of what the setup or teardown of a suite saves as evidence.

    Args:
        output_dir: Robot's `${OUTPUT DIR}`.
        suite: the full name of the suite.
    """
    return output_dir / EVIDENCE_FOLDER / _name_of_suite(suite)


def work_of_suite(output_dir: Path, suite: str) -> Path:
    """The folder of what the setup of a suite works with; the folders of its rows lie in it.

    Args:
        output_dir: Robot's `${OUTPUT DIR}`.
        suite: the full name of the suite.
    """
    return output_dir / WORK_FOLDER / _name_of_suite(suite)


def work_of_row(output_dir: Path, suite: str, row: str) -> Path:
    """The folder of what a row works with, named like that of its evidence.

    Args:
        output_dir: Robot's `${OUTPUT DIR}`.
        suite: the full name of the row's suite.
        row: the name of the row.
    """
    return work_of_suite(output_dir, suite) / _name(row, f"{suite}.{row}")


def _name_of_suite(suite: str) -> str:
    # All suites of a run share the first part.
    return _name(suite.partition(".")[2] or suite, suite)


def _name(shown: str, unique: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", shown.lower()).strip("-")[:SLUG_CHARACTERS].strip("-")
    mark = hashlib.sha256(unique.encode()).hexdigest()[:6]
    return f"{words}-{mark}" if words else mark
