"""Table of the server's own metrics, beside the samples of the same load run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keywords.engine.load.server_metrics.signals import SignalValue
from keywords.engine.store.database import Store
from keywords.engine.store.schema import RUN, Column, Room, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SERVER_METRICS = Table(
    "server_metrics",
    (
        RUN,
        Column("at", "REAL", "when the page was asked for, on the samples' clock", required=True),
        Column("signal", "TEXT", "what it says, under one name for all servers", required=True),
        Column("name", "TEXT", "the server's name for it", required=True),
        Column("labels", "JSON", "of the series", required=True),
        Column("value", "REAL", "in the signal's unit", required=True),
    ),
)
SERVER_ROOM = Room("server_metrics", version=1, tables=(SERVER_METRICS,))


def store_signals(path: Path, run: int, values: Iterable[SignalValue]) -> None:
    """Write what the server said during a load run.

    Args:
        path: of the store.
        run: the load run's id.
        values: in the order of time.

    Raises:
        StoreError: the store cannot be written.
    """
    with Store(path, SERVER_ROOM) as store:
        rows = [(run, each.at_s, each.signal, each.name, dict(each.labels), each.value) for each in values]
        store.insert(SERVER_METRICS, rows)


def read_signals_of(store: Store, run: int) -> Iterator[SignalValue]:
    """What the server said during a load run, in the order of time.

    Args:
        store: opened with `SERVER_ROOM`.
        run: the load run's id.

    Raises:
        StoreError: the file is damaged.
    """
    chosen = f"SELECT at, signal, name, labels, value FROM {SERVER_METRICS.name} WHERE run = ? ORDER BY rowid"  # noqa: S608  # a declared name
    for at_s, signal, name, labels, value in store.query(chosen, (run,)):
        yield SignalValue(at_s, signal, name, json.loads(labels), value)
