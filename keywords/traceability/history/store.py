"""`results/history.db`: one line for each run, row and requirement, in SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SCHEMA_VERSION = 1
FILE = "history.db"
_TABLES = """
CREATE TABLE schema (schema_version INTEGER NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL UNIQUE, commit_id TEXT NOT NULL, verdict TEXT NOT NULL,
    elapsed_s REAL NOT NULL
);
CREATE TABLE rows (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, row_id INTEGER NOT NULL, environment TEXT NOT NULL,
    name TEXT NOT NULL, label TEXT NOT NULL, elapsed_s REAL NOT NULL, PRIMARY KEY (run, row_id, environment)
) WITHOUT ROWID;
CREATE TABLE requirements (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, id TEXT NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (run, id)
) WITHOUT ROWID;
"""
_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


class HistoryError(Exception):
    """The history cannot be used; the message is the reason with its remedy."""


@dataclass(frozen=True, slots=True)
class RowEnd:
    """How a row ended in a run.

    Attributes:
        row_id: its stable number.
        environment: where it ran; empty if the run has one environment only.
        name: its name.
        label: `FAIL`, `KNOWN`, `PASS` and the like.
        elapsed_s: seconds.
    """

    row_id: int
    environment: str
    name: str
    label: str
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of the past.

    Attributes:
        started: local time in ISO 8601.
        commit: what was tested; empty if unknown.
        verdict: `GO`, `NO-GO` or `NO VERDICT`.
        elapsed_s: seconds of the whole run.
        labels: the numbers of its rows by their labels.
    """

    started: str
    commit: str
    verdict: str
    elapsed_s: float
    labels: Mapping[str, int]


def record(file: Path, run: PastRun, rows: Sequence[RowEnd], requirements: Mapping[str, str]) -> None:
    """Add a run; one that began at the same moment is replaced.

    Args:
        file: the database, which is made if missing.
        run: the run; its labels are those of the rows.
        rows: how its rows ended.
        requirements: statuses of requirements by their ids.

    Raises:
        HistoryError: the file is of a newer version, no history, or cannot be written.
    """
    with _open(file) as connection:
        connection.execute("DELETE FROM runs WHERE started = ?", (run.started,))
        cursor = connection.execute(
            "INSERT INTO runs (started, commit_id, verdict, elapsed_s) VALUES (?, ?, ?, ?)",
            (run.started, run.commit, run.verdict, run.elapsed_s),
        )
        id_ = cursor.lastrowid
        connection.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?)",
            [(id_, one.row_id, one.environment, one.name, one.label, one.elapsed_s) for one in rows],
        )
        connection.executemany(
            "INSERT INTO requirements VALUES (?, ?, ?)", [(id_, name, status) for name, status in requirements.items()]
        )


def runs_before(file: Path, started: str, count: int) -> list[PastRun]:
    """The latest runs before a moment, the latest first; none if there is no history.

    Raises:
        HistoryError: the file is of a newer version, or no history.
    """
    if not file.is_file():
        return []
    with _open(file) as connection:
        found = connection.execute(
            "SELECT id, started, commit_id, verdict, elapsed_s FROM runs WHERE started < ? "
            "ORDER BY started DESC LIMIT ?",
            (started, count),
        ).fetchall()
        counts = {
            id_: dict(connection.execute("SELECT label, COUNT(*) FROM rows WHERE run = ? GROUP BY label", (id_,)))
            for id_, *_ in found
        }
    return [PastRun(began, commit, verdict, elapsed, counts[id_]) for id_, began, commit, verdict, elapsed in found]


def rows_of(file: Path, started: str) -> list[RowEnd]:
    """How the rows of a run ended.

    Raises:
        HistoryError: the file is of a newer version, or no history.
    """
    with _open(file) as connection:
        found = connection.execute(
            "SELECT row_id, environment, name, label, rows.elapsed_s FROM rows JOIN runs ON run = id WHERE started = ?",
            (started,),
        ).fetchall()
    return [RowEnd(*fields) for fields in found]


def requirements_of(file: Path, started: str) -> dict[str, str]:
    """Statuses of the requirements after a run, by their ids.

    Raises:
        HistoryError: the file is of a newer version, or no history.
    """
    with _open(file) as connection:
        return dict(
            connection.execute(
                "SELECT requirements.id, status FROM requirements JOIN runs ON run = runs.id WHERE started = ?",
                (started,),
            ).fetchall()
        )


@contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    remedy = "move the file away, and the history begins anew"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            _prepare(file, connection)
            with connection:
                yield connection
    except (sqlite3.Error, OSError) as err:
        # The lower byte of an extended result code is the primary one (sqlite.org/rescode.html).
        code = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if isinstance(err, OSError) or code in _UNWRITABLE:
            remedy = "make room on its disk, and let its folder be written"
        raise HistoryError(f"{file}: the history cannot be used ({err}): {remedy}") from err


def _prepare(file: Path, connection: sqlite3.Connection) -> None:
    if not connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone():
        connection.executescript(_TABLES)
        with connection:
            connection.execute("INSERT INTO schema VALUES (?)", (SCHEMA_VERSION,))
    version = connection.execute("SELECT schema_version FROM schema").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise HistoryError(
            f"{file}: its schema has version {version}, and this program knows {SCHEMA_VERSION}: use the program that "
            f"wrote it, or move the file away"
        )
