"""Errors of the store of measurements; each message is one sentence with the file and the remedy.

StoreError
├── NotAStoreError       the file is no database, or another program's
├── DamagedStoreError    its pages are broken
├── NewerStoreError      a newer version of this program wrote it
├── BusyStoreError       another program holds it
├── UnwritableStoreError the disk is full, or the folder cannot be written
├── UnfitRowError        a value that its column cannot hold
└── RowsLostError        measured rows that did not reach the file
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The lower byte of an extended result code is the primary one (sqlite.org/rescode.html).
_PRIMARY_CODE = 0xFF
# Of a whole number beyond 64 bits, an empty value where one is required, and a key that is there.
_UNFIT = (OverflowError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError)
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_AUTH,
}


class StoreError(Exception):
    """The store cannot do what was asked of it."""


class NotAStoreError(StoreError):
    """The file is no SQLite database, or another program's."""


class DamagedStoreError(StoreError):
    """The file's pages are broken."""


class NewerStoreError(StoreError):
    """A newer version of this program wrote the file."""


class BusyStoreError(StoreError):
    """Another program holds the file for longer than this one waits."""


class UnwritableStoreError(StoreError):
    """The disk is full, or the file or its folder cannot be written."""


class UnfitRowError(StoreError):
    """A row has a value that its column cannot hold; the same row fails again, others do not."""


class RowsLostError(StoreError):
    """Measured rows did not reach the file.

    Attributes:
        lost: their number.
    """

    def __init__(self, message: str, lost: int) -> None:
        super().__init__(message)
        self.lost = lost


@contextmanager
def readable(path: Path, what: str) -> Iterator[None]:
    """Turn what breaks on rows that no program of ours wrote into an error about them.

    Raises:
        DamagedStoreError: something did.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedStoreError(
            f"{path} has {what} that this program did not write ({type(error).__name__}): move it away"
        ) from error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about a file into this module's.

    Raises:
        StoreError: as its subclasses say.
    """
    try:
        yield
    except _UNFIT as error:
        raise UnfitRowError(f"{path} cannot hold a row ({error}): report this with the row") from error
    except sqlite3.Error as error:
        raise _explain(path, error) from error


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another program holds the file."""
    return _primary_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & _PRIMARY_CODE


def _explain(path: Path, error: sqlite3.Error) -> StoreError:
    code = _primary_code(error)
    if code == sqlite3.SQLITE_NOTADB:
        return NotAStoreError(f"{path} is no SQLite database: name another file, or move it away")
    if code == sqlite3.SQLITE_CORRUPT:
        return DamagedStoreError(
            f"{path} is damaged ({error}): move it away to begin a new one, "
            f"or save what is readable with `sqlite3 {path.name} .recover`"
        )
    if is_busy(error):
        return BusyStoreError(f"{path} is held by another program ({error}): let it end, and repeat")
    if code == sqlite3.SQLITE_FULL:
        return UnwritableStoreError(f"the disk is full at {path}: free some space, and repeat")
    if code in _UNWRITABLE:
        return UnwritableStoreError(f"{path} cannot be written ({error}): name a file in a writable folder")
    return StoreError(f"{path} cannot be used ({error})")
