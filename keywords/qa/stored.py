"""Runs in the store of measurements, by what a command line names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from keywords.qa.project import results_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keywords.engine.store.database import Store
    from keywords.engine.store.runs import Run

_MOST_DIGITS = 18
"""SQLite's numbers have 64 bits."""


@contextmanager
def open_store(store: Path | None) -> Iterator[Store]:
    """Open the store that a command reads; it is not made where there is none.

    Raises:
        StoreError: there is none, or it cannot be used.
    """
    from keywords.engine.evaluation.tables import ROOM  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.database import Store  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415  # keeps `qa --help` fast

    path = store or results_folder() / "measurements.db"
    if not path.is_file():
        raise StoreError(f"there is no store {path}: name one with --store, or measure something first")
    with Store(path, ROOM) as opened:
        yield opened


def find_runs(store: Store, name: str) -> list[Run]:
    """The runs of these numbers, or all runs of this series.

    Raises:
        StoreError: there is none.
    """
    from keywords.engine.store.errors import StoreError  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.engine.store.runs import read_run, read_runs  # noqa: PLC0415  # keeps `qa --help` fast

    numbers = [part.strip() for part in name.split(",")]
    if all(number.isdecimal() and number.isascii() for number in numbers):
        if large := [number for number in numbers if len(number) > _MOST_DIGITS]:
            raise StoreError(f"{store.path} has no run {large[0]}")
        return [read_run(store, int(number)) for number in dict.fromkeys(numbers)]
    if found := read_runs(store, series=name):
        return found
    names = dict.fromkeys(run.series for run in reversed(read_runs(store)))
    raise StoreError(f"{store.path} has no series {name}; it has {', '.join(list(names)[:10]) or 'none'}")
