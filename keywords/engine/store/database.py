"""Store: an open file of measurements."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from keywords.engine.store.cleaning import cleaner
from keywords.engine.store.errors import StoreError, explained
from keywords.engine.store.opening import identity, open_file
from keywords.engine.store.runs import RUNS_ROOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from keywords.engine.store.schema import Room, Table


class Store:
    """An open file of measurements; several processes may read and write it at the same time.

    One thread at a time uses a store; another thread opens its own.

    Args:
        path: created with its folder if it does not exist, such as `results/measurements.db`.
        rooms: whose tables are used, besides `runs`.

    Raises:
        StoreError: the file cannot be written, is no store, is damaged, or a newer program wrote it.
    """

    def __init__(self, path: Path, *rooms: Room) -> None:
        self.path = path
        self._connection = open_file(path, (RUNS_ROOM, *rooms))
        self._file = identity(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written stays."""
        with explained(self.path):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of the block, or nothing of it.

        Raises:
            StoreError: the file cannot be written, or was moved away since it was opened.
        """
        if identity(self.path) != self._file:
            raise StoreError(f"{self.path} was moved away or replaced while it was in use: repeat the command")
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def insert(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows, all or none, without the secrets that this process knows.

        Args:
            table: of a room that the store was opened with.
            rows: values in the order of the table's columns.

        Raises:
            StoreError: as `transaction`; also where a row has the key of one that is there.
        """
        self._write("INSERT", table, rows)

    def replace(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows, each in the place of the one with the same key; else as `insert`."""
        self._write("REPLACE", table, rows)

    def update(self, table: Table, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
        """Set values of the rows that have others.

        Args:
            table: of a room that the store was opened with.
            values: new ones by column.
            where: the values that a row must have, by column.

        Returns:
            Number of rows that were changed.

        Raises:
            StoreError: as `transaction`.
        """
        sets = ", ".join(f"{table.column(name).name} = ?" for name in values)
        tests = " AND ".join(f"{table.column(name).name} IS ?" for name in where)
        new = [cleaner(table.column(name).kind)(value) for name, value in values.items()]
        with self.joined_transaction():
            changed = self._connection.execute(f"UPDATE {table.name} SET {sets} WHERE {tests}", [*new, *where.values()])  # noqa: S608  # names of declared columns
            return changed.rowcount

    def query(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT, read as they are asked for.

        Raises:
            StoreError: the file is damaged, or the statement is wrong.
        """
        with explained(self.path):
            cursor = self._connection.execute(sql, values)
            cursor.arraysize = 10_000
            while rows := cursor.fetchmany():
                yield from rows

    def _write(self, verb: str, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        cleaners = [cleaner(column.kind) for column in table.columns]
        marks = ", ".join("?" * len(cleaners))
        clean = ([turn(value) for turn, value in zip(cleaners, row, strict=True)] for row in rows)
        with self.joined_transaction():
            self._connection.executemany(f"{verb} INTO {table.name} VALUES ({marks})", clean)  # a declared name

    @contextmanager
    def joined_transaction(self) -> Iterator[None]:
        """Join the transaction under way, or make one; raises as `transaction`."""
        if self._connection.in_transaction:
            with explained(self.path):
                yield
        else:
            with self.transaction():
                yield
