"""What an earlier run left in its folder, and which of it must go before the next one writes there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from keywords.engine.evidence.collector import EVIDENCE_FOLDER
from keywords.traceability.sealed_page import POLICY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ALLURE_RESULTS = "allure-results"
FOLDERS = (ALLURE_RESULTS, "allure", "children", EVIDENCE_FOLDER, "matrix")
FILES = ("log.html", "report.html", "output.xml", "xunit.xml")
WORLD_FILES = ("gateway-*.log", "gateway-scripted-*.toml", "flood-*.txt")
"""Written by rows and by the gateways that they start."""
MATRIX_FILES = ("index.html", "matrix.md", "matrix.csv", "matrix.json")
RUN_FILE = "run.json"
"""In the folder of evidence; it marks that folder as written by a run."""
HEAD_BYTES = 4096


def remove_all(results: Path) -> None:
    """Remove everything that a run writes into the folder of `qa run`; history and baselines stay.

    A run that ends before its first row then leaves no page of the run before, which could be taken for its own.
    """
    for name in FOLDERS:
        shutil.rmtree(results / name, ignore_errors=True)
    for name in FILES:
        (results / name).unlink(missing_ok=True)
    _remove_world_files(results)


def remove_own(output_dir: Path) -> None:
    """Remove the pages and the evidence of the run before from the folder of any run of Robot.

    That folder may be anyone's, so only what bears the mark of this project goes.
    """
    evidence = output_dir / EVIDENCE_FOLDER
    if (evidence / RUN_FILE).is_file():
        shutil.rmtree(evidence)
        _remove_world_files(output_dir)
    if (output_dir / "matrix" / "matrix.json").is_file():
        _remove_files(output_dir / "matrix", MATRIX_FILES)
    page = output_dir / "allure" / "index.html"
    if page.is_file() and _begins_with_policy(page):
        _remove_files(page.parent, [page.name])


def _begins_with_policy(page: Path) -> bool:
    with page.open("rb") as stream:
        return POLICY.encode() in stream.read(HEAD_BYTES)


def _remove_files(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _remove_world_files(folder: Path) -> None:
    for pattern in WORLD_FILES:
        for path in folder.glob(pattern):
            path.unlink()
