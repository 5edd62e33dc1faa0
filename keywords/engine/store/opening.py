"""Opening the store's file: it is created, checked, or migrated on a copy.

An older file is copied, the copy is migrated and checked, and takes the file's place; a kill in between leaves the old
file as it was. Programs that have the file open meanwhile would go on writing to the old one, so a migration is refused
until they have ended. Programs that start together migrate in turn, and wait for theirs with the file closed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.store.errors import (
    BusyStoreError,
    DamagedStoreError,
    NewerStoreError,
    NotAStoreError,
    UnwritableStoreError,
    explained,
    is_busy,
)
from keywords.engine.store.turns import turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.store.schema import Room

APPLICATION_ID = 0x71614D44
"""`qaMD`, by which the file is known as this program's."""
BUSY_S = 10.0
"""How long a statement waits for another program's write."""
_RETRY_S = 0.01
_VERSIONS = """CREATE TABLE schema_version (
    room TEXT PRIMARY KEY,  -- whose tables
    version INTEGER NOT NULL
)"""


def open_file(path: Path, rooms: Sequence[Room]) -> sqlite3.Connection:
    """Open the file, with the tables of these rooms in their present version.

    Raises:
        StoreError: as its subclasses say.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableStoreError(
            f"the folder {path.parent} cannot be made ({error.strerror}): name another"
        ) from error
    deadline = clock.now() + BUSY_S
    with explained(path):
        while True:
            before = identity(path)
            connection = _connect(path)
            try:
                versions = _read_versions(connection, path)
                if before not in {None, identity(path)}:  # another program put a migrated file in its place meanwhile
                    connection.close()
                    continue
                _refuse_newer(path, rooms, versions)
                if _older(rooms, versions):
                    # An open file would hold up the program whose turn it is, and many of them each other for ever.
                    connection.close()
                    with turn(path, BUSY_S):
                        _migrate_when_free(path, rooms, deadline)
                    continue
                _create(path, connection, rooms)
            except BaseException:
                connection.close()
                raise
            return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    # Readers never block the writer. A killed program loses nothing that was committed, a power failure the last rows.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _read_versions(connection: sqlite3.Connection, path: Path) -> dict[str, int]:
    """The version of each room's tables; empty for an empty file."""
    if not connection.in_transaction:
        # All at one moment: another program may create the tables right now.
        connection.execute("BEGIN")
        try:
            return _read_versions(connection, path)
        finally:
            connection.execute("ROLLBACK")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if not tables and not application:
        return {}
    if application != APPLICATION_ID:
        raise NotAStoreError(f"{path} is another program's database: name another file, or move it away")
    if "schema_version" not in tables:
        raise DamagedStoreError(f"{path} lacks its table schema_version: move it away to begin a new one")
    versions = dict(connection.execute("SELECT room, version FROM schema_version"))
    if not all(isinstance(version, int) for version in versions.values()):
        raise DamagedStoreError(f"{path} has a version that is no number: move it away to begin a new one")
    return versions


def _refuse_newer(path: Path, rooms: Sequence[Room], versions: dict[str, int]) -> None:
    for room in rooms:
        if (version := versions.get(room.name, 0)) > room.version:
            raise NewerStoreError(
                f"{path} holds the tables of {room.name} in version {version}, and this program knows only version "
                f"{room.version}: update llm-gateway-qa, or name another file"
            )


def _create(path: Path, connection: sqlite3.Connection, rooms: Sequence[Room]) -> None:
    """Create the tables of rooms that the file lacks."""
    if all(room.name in _read_versions(connection, path) for room in rooms):
        return
    _switch_to_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        versions = _read_versions(connection, path)
        if not versions:
            connection.execute(_VERSIONS)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for room in rooms:
            if room.name not in versions:
                for statement in (each for table in room.tables for each in table.create_statements()):
                    connection.execute(statement)
                connection.execute("INSERT INTO schema_version VALUES (?, ?)", (room.name, room.version))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers and writers not block each other.

    SQLite does not wait here for another program that does the same.
    """
    deadline = clock.now() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or clock.now() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _older(rooms: Sequence[Room], versions: dict[str, int]) -> list[Room]:
    """The rooms whose tables the file holds in an older version."""
    return [room for room in rooms if versions.get(room.name, room.version) < room.version]


def _migrate_when_free(path: Path, rooms: Sequence[Room], deadline: float) -> None:
    """Migrate once no other program has the file open, unless one did so before this one's turn.

    Raises:
        BusyStoreError: one has it open for too long.
    """
    while True:
        with closing(_connect(path)) as connection:
            versions = _read_versions(connection, path)
            if not (older := _older(rooms, versions)):
                return
            try:
                _migrate(path, connection, older, versions)
            except BusyStoreError:
                if clock.now() > deadline:
                    raise
        time.sleep(_RETRY_S)


def _migrate(path: Path, connection: sqlite3.Connection, older: Sequence[Room], versions: dict[str, int]) -> None:
    """Migrate a copy, and put it in the file's place; the connection holds the old file to itself until then."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")  # keeps the lock, and lets `backup` read
    except sqlite3.OperationalError as error:
        raise _in_use(path) from error
    if mode != "delete":
        raise _in_use(path)
    for left in path.parent.glob(f"{path.name}.migrating-*"):  # by a program that was killed: nobody else gets here
        left.unlink()
    copy = path.with_name(f"{path.name}.migrating-{os.getpid()}")
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as target:
            connection.backup(target)
            _migrate_tables(target, older, versions)
            (state,) = target.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise DamagedStoreError(f"{path} is damaged ({state}): move it away to begin a new one")
            target.execute("PRAGMA journal_mode = WAL")
        if os.name == "nt":  # Windows replaces no open file
            connection.close()
        copy.replace(path)
    except PermissionError as error:
        raise _in_use(path) from error
    finally:
        for left in (copy, Path(f"{copy}-wal"), Path(f"{copy}-shm"), Path(f"{copy}-journal")):
            left.unlink(missing_ok=True)


def _migrate_tables(connection: sqlite3.Connection, older: Sequence[Room], versions: dict[str, int]) -> None:
    connection.execute("BEGIN")
    for room in older:
        for version in range(versions[room.name] + 1, room.version + 1):
            room.migrations[version](connection)
        connection.execute("UPDATE schema_version SET version = ? WHERE room = ?", (room.version, room.name))
        for table in room.tables:
            names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table.name})")]
            if sorted(names) != sorted(column.name for column in table.columns):
                raise ValueError(f"the migrations of {room.name} leave {table.name} with the columns {names}")
    connection.execute("COMMIT")


def _in_use(path: Path) -> BusyStoreError:
    return BusyStoreError(f"{path} is of an older version and open in another program: let it end, and repeat")


def identity(path: Path) -> tuple[int, int] | None:
    """The device and inode of the file; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
