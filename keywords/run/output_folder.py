"""The output folder of this run: the one place that reads `${OUTPUT DIR}` and decides where rows leave their files."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from robot.libraries.BuiltIn import BuiltIn

from keywords.engine.evidence.folders import evidence_of_row, evidence_of_suite, work_of_row, work_of_suite

if TYPE_CHECKING:
    from collections.abc import Callable

_made: set[Path] = set()


def output_dir() -> Path:
    """The output folder of this run."""
    return Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}")))


def evidence_folder() -> Path:
    """The folder for evidence of the running row, or of the suite whose setup or teardown runs; made if missing."""
    suite, row = _running()
    folder = evidence_of_row(output_dir(), suite, row) if row else evidence_of_suite(output_dir(), suite)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def work_folder() -> Path:
    """The folder for workings of the running row, or of the suite whose setup or teardown runs; made if missing."""
    suite, row = _running()
    folder = work_of_row(output_dir(), suite, row) if row else work_of_suite(output_dir(), suite)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def new_work_file(stem: str, suffix: str) -> Path:
    """Make an empty file `<stem>-<n><suffix>` in the folder of the running row or suite.

    Args:
        stem: what it is, such as `gateway`.
        suffix: the end of its name, such as `.log`.
    """
    path = _new(stem, suffix, lambda path: path.touch(exist_ok=False))
    _made.add(path)
    return path


def new_work_folder(stem: str) -> Path:
    """Make an empty folder `<stem>-<n>` in the folder of the running row or suite.

    Args:
        stem: what it holds, such as the name of the suite that runs there.
    """
    return _new(stem, "", Path.mkdir)


def made_here() -> frozenset[Path]:
    """The files that `new_work_file` has made in this process; others may share the folder of a suite around theirs."""
    return frozenset(_made)


def _running() -> tuple[str, str]:
    """The full name of the running suite, and the name of the running row; that is empty outside a row."""
    suite, row = (BuiltIn().get_variable_value(name, "") for name in ("${SUITE NAME}", "${TEST NAME}"))
    return str(suite), str(row)


def _new(stem: str, suffix: str, make: Callable[[Path], None]) -> Path:
    """Make the first path that is free, also while other processes make theirs."""
    folder = work_folder()
    for number in count(1):
        path = folder / f"{stem}-{number}{suffix}"
        try:
            make(path)
        except FileExistsError:
            continue
        return path
    raise AssertionError("unreachable: numbers do not end")
