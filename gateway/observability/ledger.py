"""The request ledger: an SQLite file with one row per API request and one per attempt.

It holds the name of the client's key, the model, the time, the duration and the cost; no prompt, no answer, no key.
Several gateways may write to one file. Probes and `/metrics` are not recorded.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from gateway.config.problems import ConfigError, Problem
from gateway.observability.background_writer import BackgroundWriter, TryAgainError
from gateway.request.attempt import milliseconds

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.request.record import RequestRecord

_Rows = tuple[tuple[Any, ...], list[tuple[Any, ...]]]
"""A row of `requests` and its rows of `attempts`, all without the sequence number."""

SCHEMA_VERSION = 1
BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY,       -- in the order of their ends
    id TEXT NOT NULL,              -- x-request-id; a client may send one twice
    time REAL NOT NULL,            -- of its arrival, Unix seconds
    key_id TEXT,                   -- name of the client's key
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    model TEXT,                    -- as asked for; null if it has no route
    backend TEXT,                  -- of the last attempt
    status INTEGER NOT NULL,       -- 499: the client left first
    code TEXT,                     -- of the error, also of one in mid-stream
    streamed INTEGER NOT NULL,
    prompt_tokens INTEGER,         -- null if no backend worked on it
    completion_tokens INTEGER,
    tokens_source TEXT,            -- backend, tokenizer or estimate
    cost_usd REAL,                 -- null if the model has no price
    duration_ms REAL NOT NULL,
    first_event_ms REAL,           -- until a stream's head went out
    gateway_us INTEGER NOT NULL,   -- the gateway's own time, without waiting for backends
    traceparent TEXT
);
CREATE TABLE attempts (
    request INTEGER NOT NULL REFERENCES requests (seq),
    number INTEGER NOT NULL,       -- from 1
    backend TEXT NOT NULL,
    model TEXT NOT NULL,           -- its name there
    after_ms REAL NOT NULL,        -- since the request's arrival
    duration_ms REAL NOT NULL,
    status INTEGER,                -- that the backend gave
    reason TEXT,                   -- code of the error that it failed with
    outcome TEXT NOT NULL,         -- answered, failed or cancelled
    PRIMARY KEY (request, number)
) WITHOUT ROWID;
"""
# sqlite3 releases the GIL for each statement, and the event loop's thread has to give it back each time.
_ROWS_PER_STATEMENT = 200
# The lower byte of an extended result code is the primary one (sqlite.org/rescode.html).
_PRIMARY_CODE = 0xFF
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Ledger(BackgroundWriter["_Rows"]):
    """Writes the ledger.

    Args:
        path: of the file; it is created if it does not exist.
        queue: how many requests may wait for the writer.

    Raises:
        ConfigError: the file cannot be written, or is not a ledger of this version.
    """

    def __init__(self, path: Path, *, queue: int) -> None:
        prepare(path)
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        super().__init__("ledger", self._insert, limit=queue)

    def add(self, record: RequestRecord) -> None:
        """Queue the rows of a request to the API."""
        if record.is_api_request:
            # Rows instead of the record: it would keep the request's objects alive until they are written.
            self.put((_request_row(record), _attempt_rows(record)))

    async def close(self) -> None:
        """Write the remaining rows, and fold the write-ahead log into the file."""
        await super().close()
        # While the thread waits for another program's lock on the file, closing the connection would wait as well.
        if self._connection is not None and not self.is_writing:
            self._connection.close()

    def _insert(self, entries: list[_Rows]) -> None:
        try:
            self._insert_now(entries)
        except (sqlite3.OperationalError, ConfigError) as error:
            # A backup or `VACUUM` of a large file holds the lock for longer than `BUSY_S`.
            if _is_locked(error.__cause__ if isinstance(error, ConfigError) else error):
                raise TryAgainError("the file is locked by another program") from error
            raise

    def _insert_now(self, entries: list[_Rows]) -> None:
        if self._connection is not None and _identity(self._path) != self._file:
            # The file was moved away; rows written to it now would be lost.
            self._connection.close()
            self._connection = None
        if self._connection is None:
            prepare(self._path)
            self._connection = _open(self._path)
            self._file = _identity(self._path)
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM requests").fetchone()
            numbered = list(enumerate(entries, last + 1))
            _insert(connection, "requests", [(seq, *request) for seq, (request, _) in numbered])
            _insert(
                connection, "attempts", [(seq, *attempt) for seq, (_, attempts) in numbered for attempt in attempts]
            )


def prepare(path: Path) -> None:
    """Create the file with its schema if it does not exist; only its owner may read it.

    Raises:
        ConfigError: it cannot be written, or is not a ledger of this version.
    """
    try:
        with suppress(FileExistsError):
            # SQLite gives its further files the mode of this one.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_open(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if version != SCHEMA_VERSION and tables:
                raise ConfigError(
                    [Problem("ledger.path", f"{path} is no ledger of this version", "move it away, or name another")]
                )
            if version != SCHEMA_VERSION:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.commit()
    except (sqlite3.Error, OSError) as error:
        raise ConfigError(
            [Problem("ledger.path", f"{path} cannot be written ({error})", "name a file in a writable folder")]
        ) from error


def _is_locked(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & _PRIMARY_CODE in _LOCKED


def _identity(path: Path) -> tuple[int, int] | None:
    """The device and inode of the file at `path`; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    for at in range(0, len(rows), _ROWS_PER_STATEMENT):
        batch = rows[at : at + _ROWS_PER_STATEMENT]
        marks = f"({', '.join('?' * len(batch[0]))})"
        statement = f"INSERT INTO {table} VALUES {', '.join([marks] * len(batch))}"  # noqa: S608  # question marks only
        connection.execute(statement, [value for row in batch for value in row])


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    # Readers never block the writer; a crash of the machine may lose the last rows, never the file.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _request_row(record: RequestRecord) -> tuple[Any, ...]:
    usage, first_s = record.usage, record.first_event_s
    return (
        record.id,
        record.time,
        record.key_id,
        record.method,
        record.path[:200],
        record.model,
        record.backend,
        record.status,
        record.code,
        record.streamed,
        usage and usage.prompt_tokens,
        usage and usage.completion_tokens,
        usage and usage.source,
        record.cost_usd,
        milliseconds(record.duration_s),
        None if first_s is None else milliseconds(first_s),
        record.gateway_us,
        record.traceparent,
    )


def _attempt_rows(record: RequestRecord) -> list[tuple[Any, ...]]:
    return [(number, *attempt.entry(record.started).values()) for number, attempt in enumerate(record.attempts, 1)]
