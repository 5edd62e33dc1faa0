"""The version of a file, to notice a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.problems import Problem

if TYPE_CHECKING:
    from pathlib import Path

READ_S = 5.0
"""How long reading a changed file may take; a pipe without a writer and a hung file system never give an answer."""


def unreadable(file: Path | None) -> Problem:
    """The problem of a file that did not answer within `READ_S`."""
    return Problem(str(file), f"could not be read within {READ_S:g} s", "check that it is a file, and its file system")


def file_version(file: Path | None) -> tuple[int, int, int] | None:
    """A value that changes with the file; None if it is absent."""
    try:
        return None if file is None else ((status := file.stat()).st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        return None
