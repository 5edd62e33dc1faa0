"""Turns of this user's programs at a store: locks that go when their program ends or is killed."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine.store.errors import BusyStoreError, UnwritableStoreError, is_busy

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def turn(path: Path, wait_s: float, of: str = "") -> Iterator[None]:
    """Hold the lock of a store, or of one thing in it, until the end of the block.

    The locked file is in the folder for temporary files: one in use cannot be deleted, and the store's folder is for
    what people open.

    Args:
        path: of the store.
        wait_s: how long to wait for another program's turn.
        of: what is locked; the whole store if empty.

    Raises:
        sqlite3.OperationalError: another program holds it for longer.
    """
    with closing(sqlite3.connect(_lock(path, of), timeout=wait_s, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def run_alone(path: Path, run: int) -> Iterator[None]:
    """Keep other programs from going on with a run until the end of the block.

    Raises:
        BusyStoreError: another program is at it.
        UnwritableStoreError: the folder for temporary files cannot be written.
    """
    of = f"run {run}"
    with ExitStack() as stack:
        try:
            stack.enter_context(turn(path, 0, of))
        except sqlite3.OperationalError as error:
            if is_busy(error):
                raise BusyStoreError(f"run {run} is under way in another program: let it end, and repeat") from error
            raise UnwritableStoreError(f"{_lock(path, of)} cannot be locked ({error}): set TMPDIR") from error
        stack.callback(_delete, _lock(path, of))  # while it is held, so that nobody waits for a file that is gone
        yield


def _delete(lock: Path) -> None:
    with suppress(OSError):  # Windows deletes no file that is open
        lock.unlink()


def _lock(path: Path, of: str) -> Path:
    user = getattr(os, "getuid", int)()  # on Windows, each user has a folder for temporary files
    name = hashlib.sha256(f"{user} {path.resolve()}{of and f' {of}'}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"llm-gateway-qa-{name}.lock"
