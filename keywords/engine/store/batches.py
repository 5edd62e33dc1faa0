"""Rows written in batches by a thread of its own, while the measurement goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from keywords.engine.store.database import Store
from keywords.engine.store.errors import RowsLostError, StoreError, UnfitRowError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keywords.engine.store.schema import Room, Table

T = TypeVar("T")

FLUSH_S = 0.25
"""How long a row waits at most; a killed program loses the rows of this time."""
WAITING_LIMIT = 200_000
"""Rows that are kept in memory while the file cannot be written; further ones are lost, and counted."""


class BatchWriter(Generic[T]):
    """Writes what is measured to one table of the store.

    While the file cannot be written, because the disk is full or another program holds it, rows are kept and tried
    again with the next batch. A row that its table cannot hold is lost alone.

    Args:
        path: of the store.
        room: the table's.
        table: to write to.
        to_row: turns what is measured into a row; called in the writer's thread.

    Attributes:
        written: rows in the file.
        lost: rows that found no place in memory while the file could not be written, or that their table cannot hold.
        error: why the last batch was not written; None if it was.
        unfit: why the first row was lost that its table cannot hold; None if there was none.

    Raises:
        StoreError: as `Store`.
    """

    def __init__(self, path: Path, room: Room, table: Table, to_row: Callable[[T], Sequence[Any]]) -> None:
        self.written = 0
        self.lost = 0
        self.error: StoreError | None = None
        self.unfit: UnfitRowError | None = None
        self._path = path
        self._store = Store(path, room)
        self._table = table
        self._to_row = to_row
        self._waiting: list[T] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"store-{table.name}", daemon=True)
        self._thread.start()

    def add(self, measured: Sequence[T]) -> None:
        """Take what is to be written; never waits for the disk."""
        with self._lock:
            room = max(0, WAITING_LIMIT - len(self._waiting))
            self._waiting.extend(measured[:room])
            self.lost += len(measured[room:])

    def close(self) -> None:
        """Write the rest, and close the file.

        Raises:
            RowsLostError: measured rows are not in the file; the message says how many and why.
        """
        self._closing.set()
        self._thread.join()
        self._store.close()
        if lost := self.lost + len(self._waiting):
            why = self.error or self.unfit
            raise RowsLostError(
                f"{lost} of {self.written + lost} rows of {self._table.name} were not stored: {why}", lost
            )

    def _run(self) -> None:
        while not self._closing.wait(FLUSH_S):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch = self._waiting[:]
        if not batch:
            return
        try:
            self._write(batch)
        except UnfitRowError:
            self._write_one_by_one(batch)
        except StoreError as error:
            self.error = error

    def _write_one_by_one(self, batch: Sequence[T]) -> None:
        """Write what fits; one row that does not must not cost the others of its batch."""
        for measured in batch:
            try:
                self._write([measured])
            except UnfitRowError as error:
                self.unfit = self.unfit or error
                with self._lock:
                    del self._waiting[0]
                    self.lost += 1
            except StoreError as error:
                self.error = error
                return

    def _write(self, batch: Sequence[T]) -> None:
        self._store.insert(self._table, map(self._to_row, batch))
        with self._lock:
            del self._waiting[: len(batch)]
        self.written += len(batch)
        self.error = None
