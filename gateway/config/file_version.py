"""The version of a file, to notice a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def file_version(file: Path | None) -> tuple[int, int, int] | None:
    """A value that changes with the file; None if it is absent."""
    try:
        return None if file is None else ((status := file.stat()).st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        return None
