"""Rows of a run as numpy columns."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keywords.engine.store.database import Store
    from keywords.engine.store.schema import Kind, Table

_BLOCK = 20_000
"""Rows read at a time: as Python objects they take ten times the memory of the columns."""


def read_columns(store: Store, table: Table, run: int, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Columns of a run's rows, in the order in which they were written.

    Args:
        store: an open one.
        table: with a column `run`.
        run: its id.
        names: of the columns; none of kind UINT32, for which there is `read_arrays`.

    Returns:
        Arrays of shape (n,) by name: float64 for INTEGER and REAL, with nan where there is no value; objects, texts or
        None, for TEXT and JSON. Equal texts are one object.

    Raises:
        KeyError: the table has no such column.
        StoreError: the file is damaged.
    """
    kinds = [table.column(name).kind for name in names]
    chosen = f"SELECT {', '.join(names)} FROM {table.name} WHERE run = ? ORDER BY rowid"  # noqa: S608  # declared names
    texts: dict[str, str] = {}
    parts: list[list[NDArray[Any]]] = [[] for _ in names]
    rows = store.query(chosen, (run,))
    while block := list(islice(rows, _BLOCK)):
        _append(parts, block, kinds, texts)
    _append(parts, [], kinds, texts)
    return {name: np.concatenate(part) for name, part in zip(names, parts, strict=True)}


def read_arrays(
    store: Store, table: Table, run: int, name: str, *, block: int = _BLOCK
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """A column of packed whole numbers, block by block: all of them may not fit into memory.

    Args:
        store: an open one.
        table: with a column `run`.
        run: its id.
        name: of a column of kind UINT32.
        block: rows in each.

    Yields:
        For the next rows: their numbers, one row's after the other's, and how many each row has, shape (rows,); 0
        without a value.

    Raises:
        KeyError: the table has no such column.
        StoreError: the file is damaged.
    """
    chosen = f"SELECT {table.column(name).name} FROM {table.name} WHERE run = ? ORDER BY rowid"  # noqa: S608  # a declared name
    packed: list[bytes] = []
    for (data,) in store.query(chosen, (run,)):
        packed.append(data or b"")
        if len(packed) == block:
            yield _unpack(packed)
            packed = []
    if packed:
        yield _unpack(packed)


def _unpack(packed: list[bytes]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    lengths = np.array([len(each) // 4 for each in packed], dtype=np.int64)
    return np.frombuffer(b"".join(packed), dtype="<u4"), lengths


def _append(
    parts: list[list[NDArray[Any]]], block: list[tuple[Any, ...]], kinds: Sequence[Kind], texts: dict[str, str]
) -> None:
    columns = list(zip(*block, strict=True)) if block else [() for _ in kinds]
    for part, kind, values in zip(parts, kinds, columns, strict=True):
        if kind in {"INTEGER", "REAL"}:
            part.append(np.array(values, dtype=np.float64))
        else:
            array = np.empty(len(values), dtype=object)
            array[:] = [None if value is None else texts.setdefault(value, value) for value in values]
            part.append(array)
