"""Whether a file has changed since it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def file_version(file: Path | None) -> tuple[int, int, int] | None:
    """What changes whenever the file does; None if it is absent."""
    try:
        return None if file is None else ((status := file.stat()).st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        return None
