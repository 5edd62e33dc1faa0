"""Files that a load run is given, read up to a limit, so that one that never ends does not take all memory."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

WORKLOAD_BYTES: Final = 2 * 2**20
"""A workload names its fields; many prompts stand in a file of their own, which is read a hundred times as fast."""
DATA_BYTES: Final = 512 * 2**20
"""Of prompts, a trace or arrivals; the largest public trace has some 40 MB."""


def read_bytes(path: Path, most: int) -> bytes:
    """Read a file.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: it cannot be read or is longer; `strerror` says why.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except ValueError as err:  # of a path with a NUL
        raise OSError(errno.EINVAL, str(err)) from err
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most // 2**20} MB")
    return content
