"""Locks that other processes respect; the system releases those of a dead process.

Linux, macOS: `fcntl`. Windows: no lock. There, of two `gateway keys` commands that run at once the later one wins, and
there are no workers.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        OSError: the folder cannot be opened.
    """
    if sys.platform == "win32":
        # Windows opens no folders.
        yield
    else:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            # `lockf` would need a descriptor to write to.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            # It releases the lock.
            os.close(descriptor)


def lock(descriptor: int) -> None:
    """Lock a file against other processes, also against those that inherited the same descriptor (`flock` does not)."""
    if sys.platform != "win32":
        fcntl.lockf(descriptor, fcntl.LOCK_EX)


def unlock(descriptor: int) -> None:
    """Release the lock of `lock`."""
    if sys.platform != "win32":
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
