"""Samples of a load run as CSV or Parquet."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES
from keywords.engine.store.database import Store
from keywords.engine.store.errors import UnwritableStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 20_000
_GAPS = "chunk_gaps_us"
_NAMES = [column.name for column in SAMPLES.columns]


class ParquetMissingError(Exception):
    """The extra `parquet` is not installed."""


def export_csv(path: Path, run: int, target: Path) -> int:
    """Write a run's samples as CSV: the columns of `samples`, one line a request.

    A value that is not there is empty; `chunk_gaps_us` is numbers with spaces between them.

    Args:
        path: of the store.
        run: the load run's id.
        target: the file, overwritten.

    Returns:
        Number of samples.

    Raises:
        StoreError: the store cannot be read, or the file not be written.
    """
    count = 0
    with Store(path, LOAD_ROOM) as store, _written(target), target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_NAMES)
        for block in _blocks(store, run):
            at = _NAMES.index(_GAPS)
            for row in block:
                row[at] = None if row[at] is None else " ".join(map(str, row[at]))
            writer.writerows(block)
            count += len(block)
    return count


def export_parquet(path: Path, run: int, target: Path) -> int:
    """Write a run's samples as Parquet: the columns of `samples`, `chunk_gaps_us` as a list of whole numbers.

    Args:
        path: of the store.
        run: the load run's id.
        target: the file, overwritten.

    Returns:
        Number of samples.

    Raises:
        ParquetMissingError: the extra is not installed.
        StoreError: the store cannot be read, or the file not be written.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ParquetMissingError(
            "Parquet needs the extra: pip install 'llm-gateway-qa[parquet]'; CSV needs nothing"
        ) from error
    types = {"INTEGER": pa.int64(), "REAL": pa.float64(), "UINT32": pa.list_(pa.uint32())}
    schema = pa.schema([(column.name, types.get(column.kind, pa.string())) for column in SAMPLES.columns])
    count = 0
    with Store(path, LOAD_ROOM) as store, _written(target), parquet.ParquetWriter(target, schema) as writer:
        for block in _blocks(store, run):
            columns = [
                pa.array(values, type_) for values, type_ in zip(zip(*block, strict=True), schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            count += len(block)
    return count


@contextmanager
def _written(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnwritableStoreError(
            f"{target} cannot be written ({error.strerror or error}): name another file"
        ) from error


def _blocks(store: Store, run: int) -> Iterator[list[list[Any]]]:
    at, block = _NAMES.index(_GAPS), []
    for row in store.query(f"SELECT * FROM {SAMPLES.name} WHERE run = ? ORDER BY rowid", (run,)):  # noqa: S608  # a declared name
        values = list(row)
        values[at] = None if row[at] is None else np.frombuffer(row[at], dtype="<u4")
        block.append(values)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block
