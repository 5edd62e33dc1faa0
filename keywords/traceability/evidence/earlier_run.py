"""Removal of an earlier run's output before the next run writes into the same folder."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from keywords.engine.evidence.folders import EVIDENCE_FOLDER, WORK_FOLDER
from keywords.traceability.sealed_page import POLICY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

ALLURE_RESULTS = "allure-results"
PROPOSED = "proposed"
"""Folder with changes that a run proposes to bugs."""
FOLDERS = (ALLURE_RESULTS, "allure", EVIDENCE_FOLDER, "matrix", PROPOSED, WORK_FOLDER)
SUMMARY = "index.html"
SUMMARY_MARK = b'content="qa summary"'
FILES = (SUMMARY, "log.html", "report.html", "output.xml", "xunit.xml")
MATRIX_FILES = ("index.html", "matrix.md", "matrix.csv", "matrix.json", "summary.json")
RUN_FILE = "run.json"
"""File in the folders of evidence and of workings that marks them as written by a run."""
HEAD_BYTES = 4096


def remove_all(results: Path, *, keep: Collection[Path] = ()) -> None:
    """Remove all output of a run from the folder of `qa run`; history and baselines stay.

    So a run that ends before its first row leaves no page that belongs to an earlier one.

    Args:
        results: the folder.
        keep: files at its top that this run still reads, such as the output.xml of `--rerunfailed`.

    Raises:
        OSError: something cannot be removed, or is not what a run leaves.
    """
    for name in FOLDERS:
        _remove_folder(results / name)
    for name in FILES:
        if results / name not in keep:
            (results / name).unlink(missing_ok=True)


def remove_own(output_dir: Path) -> None:
    """Remove pages, evidence and workings of an earlier run from the output folder of any run of Robot.

    The folder may hold other files, so only files with a mark of this project are removed.

    Raises:
        OSError: something cannot be removed.
    """
    for name in (EVIDENCE_FOLDER, WORK_FOLDER):
        if (output_dir / name / RUN_FILE).is_file():
            _remove_folder(output_dir / name)
    if (output_dir / "matrix" / "matrix.json").is_file():
        _remove_files(output_dir / "matrix", MATRIX_FILES)
    if patches := [path.name for path in (output_dir / PROPOSED).glob("BUG-*.patch")]:
        _remove_files(output_dir / PROPOSED, patches)
    page = output_dir / "allure" / "index.html"
    if page.is_file() and _begins_with(POLICY.encode(), page):
        _remove_files(page.parent, [page.name])
    summary = output_dir / SUMMARY
    if summary.is_file() and _begins_with(SUMMARY_MARK, summary):
        summary.unlink()


def _remove_folder(folder: Path) -> None:
    """Remove a folder; of a link to one, only what a run has left in the folder behind it.

    Raises:
        FileExistsError: it is a file, or a link to a folder with other files.
        OSError: it cannot be removed.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise FileExistsError(errno.EEXIST, "where a run writes a folder, a file stands; remove it", str(folder))
    if not folder.is_symlink():
        shutil.rmtree(folder)
        return
    held = list(folder.iterdir())
    if held and not (folder / RUN_FILE).is_file():
        told = (
            f"a run empties this folder, and it is a link to {folder.resolve()}, where other files are; remove the link"
        )
        raise FileExistsError(errno.EEXIST, told, str(folder))
    for path in held:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _begins_with(mark: bytes, page: Path) -> bool:
    """Whether a mark stands in the head of a page."""
    with page.open("rb") as stream:
        return mark in stream.read(HEAD_BYTES)


def _remove_files(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
