"""The table `runs`: one row for each measurement, whatever its kind."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from keywords.engine import clock
from keywords.engine.store.cleaning import clean_url
from keywords.engine.store.errors import StoreError, readable
from keywords.engine.store.schema import Column, Room, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keywords.engine.store.database import Store

_LARGEST_ID = 2**63 - 1
"""SQLite's numbers have 64 bits."""
RunKind = Literal["load", "evaluation", "redteam", "gpu"]

RUNS = Table(
    "runs",
    (
        Column("id", "INTEGER", "in the order of their starts"),
        Column("kind", "TEXT", "load, evaluation, redteam or gpu", required=True),
        Column("series", "TEXT", "name under which runs are compared", required=True),
        Column("started_at", "REAL", "wall clock, seconds since the epoch", required=True),
        Column("started", "REAL", "the same moment on the monotonic clock of the samples, seconds", required=True),
        Column("ended", "REAL", "monotonic, seconds; null while it runs, and for ever if it was killed"),
        Column("target", "TEXT", "address of the server, without credentials"),
        Column("model", "TEXT", "as asked for"),
        Column("workload_hash", "TEXT", "of what was sent; runs with the same one sent the same"),
        Column("options", "JSON", "what the run was asked to do", required=True),
        Column("environment", "JSON", "machine, versions, configuration", required=True),
        Column("validity", "TEXT", "VALID or INVALID; null without a judgement"),
        Column("reasons", "JSON", "list of texts: why it is invalid, or what lessens its worth", required=True),
        Column("interrupted", "INTEGER", "1 if Ctrl-C or a signal ended it early", required=True),
    ),
    key=("id",),
)
RUNS_ROOM = Room("runs", version=1, tables=(RUNS,))


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `runs`, without secrets.

    Attributes:
        id: number of the run in its store.
        kind: what it measured.
        series: name under which runs are compared.
        started_at: wall clock, seconds since the epoch.
        started: the same moment by `clock.now()`.
        ended: by `clock.now()`; None if it still runs or was killed.
        target: address of the server; None without one.
        model: as asked for; None without one.
        workload_hash: of what was sent; None without.
        options: what the run was asked to do.
        environment: machine, versions, configuration.
        validity: VALID or INVALID; None without a judgement.
        reasons: why it is invalid, or what lessens its worth.
        interrupted: whether Ctrl-C or a signal ended it early.
    """

    id: int
    kind: RunKind
    series: str
    started_at: float
    started: float
    ended: float | None
    target: str | None
    model: str | None
    workload_hash: str | None
    options: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, Any] = field(repr=False)
    validity: Literal["VALID", "INVALID"] | None
    reasons: tuple[str, ...]
    interrupted: bool


def begin_run(
    store: Store,
    kind: RunKind,
    series: str,
    *,
    target: str | None = None,
    model: str | None = None,
    workload_hash: str | None = None,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    started_at: float | None = None,
    started: float | None = None,
) -> int:
    """Add a run that starts now, and return its id.

    Args:
        store: an open one.
        kind: what is measured.
        series: name under which runs are compared.
        target: address of the server; credentials, query and fragment are left out.
        model: as asked for.
        workload_hash: of what is sent.
        options: what the run is asked to do, as JSON holds it.
        environment: machine, versions, configuration, as JSON holds it.
        started_at: another moment by the wall clock, seconds since the epoch; for imported runs.
        started: the same moment by the monotonic clock, seconds.

    Raises:
        StoreError: as `Store.transaction`.
    """
    wall = time.time() if started_at is None else started_at
    monotonic = clock.now() if started is None else started
    url = None if target is None else clean_url(target)
    values = (kind, series, wall, monotonic, None, url, model, workload_hash, options or {}, environment or {})
    with store.joined_transaction():
        ((last,),) = store.query("SELECT coalesce(max(id), 0) FROM runs")
        store.insert(RUNS, [(last + 1, *values, None, [], False)])
    return int(last) + 1


def end_run(
    store: Store,
    run: int,
    *,
    validity: Literal["VALID", "INVALID"] | None = None,
    reasons: Sequence[str] = (),
    interrupted: bool = False,
    ended: float | None = None,
    environment: Mapping[str, Any] | None = None,
) -> None:
    """Say how a run ended; called again, it replaces what it said.

    Args:
        store: an open one.
        run: its id.
        validity: None without a judgement.
        reasons: why it is invalid, or what lessens its worth.
        interrupted: whether Ctrl-C or a signal ended it early.
        ended: by the monotonic clock; now if left out.
        environment: what is known of it by now; left out, it stays.

    Raises:
        StoreError: there is no such run; else as `Store.transaction`.
    """
    values: dict[str, Any] = {
        "validity": validity,
        "reasons": list(reasons),
        "interrupted": interrupted,
        "ended": clock.now() if ended is None else ended,
    }
    if environment is not None:
        values["environment"] = environment
    if not store.update(RUNS, values, {"id": run}):
        raise _no_run(store, run)


def read_run(store: Store, run: int) -> Run:
    """The run with this id.

    Raises:
        StoreError: there is no such run, or the file is damaged.
    """
    if 0 < run <= _LARGEST_ID:
        for row in store.query("SELECT * FROM runs WHERE id = ?", (run,)):
            return _run(store, row)
    raise _no_run(store, run)


def read_runs(store: Store, *, kind: RunKind | None = None, series: str | None = None) -> list[Run]:
    """Runs in the order of their starts.

    Args:
        store: an open one.
        kind: only of this kind.
        series: only of this series.

    Raises:
        StoreError: the file is damaged.
    """
    chosen = "SELECT * FROM runs WHERE coalesce(kind = ?, 1) AND coalesce(series = ?, 1) ORDER BY id"
    return [_run(store, row) for row in store.query(chosen, (kind, series))]


def _run(store: Store, row: tuple[Any, ...]) -> Run:
    facts: dict[str, Any] = dict(zip((column.name for column in RUNS.columns), row, strict=True))
    with readable(store.path, f"run {row[0]}"):
        for column in RUNS.columns:
            if column.kind == "JSON":
                facts[column.name] = json.loads(facts[column.name])
        return Run(**{**facts, "reasons": tuple(facts["reasons"]), "interrupted": bool(facts["interrupted"])})


def _no_run(store: Store, run: int) -> StoreError:
    ids = [str(number) for (number,) in store.query("SELECT id FROM runs ORDER BY id DESC LIMIT 5")]
    return StoreError(f"{store.path} has no run {run}; its latest: {', '.join(ids) or 'none'}")
