"""Reading of a series from the store of measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keywords.engine.load.comparison.figures import figures_of, figures_of_import
from keywords.engine.load.comparison.series import Series, SeriesError, SeriesRun
from keywords.engine.load.errors import QuantityError
from keywords.engine.load.imported.figures import IMPORTS_ROOM, read_figures
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.quantities import parse_count, parse_duration
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.tables import LOAD_ROOM, STAGES
from keywords.engine.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keywords.engine.store.runs import Run

ROUND = "round"
"""The option of a load run that names its round of an interleaved measurement."""
_GIB = 2**30
_SHOWN = 8


def read_series(path: Path, name: str, runs: Sequence[Run]) -> Series:
    """The figures of load runs, and what decides whether they may be compared.

    Args:
        path: of the store.
        name: of the series, for reports.
        runs: its rows in the store.

    Raises:
        SeriesError: there is no run, or one is no load run.
        StoreError: the store cannot be read.
    """
    if not runs:
        raise SeriesError(f"the series {name} has no load run: `qa load --name {name} …` makes one")
    if others := [run for run in runs if run.kind != "load"]:
        raise SeriesError(f"run {others[0].id} is of the kind {others[0].kind}, and no load run: name load runs only")
    stages = _read_stages(path, runs)
    ordered = sorted(runs, key=lambda run: (run.started_at, run.id))
    return Series(name, tuple(_series_run(path, run, stages.get(run.id, [])) for run in ordered))


def describe_machine(environment: Mapping[str, Any]) -> str:
    """The client's machine in the words that tell it from another one; empty if nobody knows it.

    Its name is not among them: a container has a new one each time. Two machines of one make are the same here.
    """
    facts = environment.get("start") or {}
    if not facts.get("cpu"):
        return ""
    cpus = facts.get("cpu_limit") or len(facts.get("usable_cpus") or ()) or facts.get("logical_cpus") or 0
    memory = facts.get("memory_limit_bytes") or facts.get("memory_bytes") or 0
    system = str(facts.get("system") or "").partition("-")[0]
    return f"{facts['cpu']}, {cpus:g} CPUs, {memory / _GIB:.0f} GiB, {system}"


def _series_run(path: Path, run: Run, stages: Sequence[tuple[int | None, float | None]]) -> SeriesRun:
    return SeriesRun(
        run=run.id,
        started_at=run.started_at,
        figures=_read_figures(path, run.id),
        workload_hash=run.workload_hash,
        load=_load(run.options, stages),
        machine=describe_machine(run.environment),
        problem=_problem(run),
        round=run.options.get(ROUND),
        model=run.model,
    )


def _read_figures(path: Path, run: int) -> Mapping[str, float]:
    samples = read_samples(path, run)
    if len(samples.item):
        return figures_of(Summary(samples))
    with Store(path, IMPORTS_ROOM) as store:
        return figures_of_import(read_figures(store, run))


def _problem(run: Run) -> str:
    if run.ended is None:
        return "has no end: it was killed, or still runs"
    if run.interrupted:
        return "was interrupted"
    if run.validity == "INVALID":
        return f"is INVALID: {'; '.join(run.reasons) or 'no reason is stored'}"
    return "" if run.validity == "VALID" else "was never judged VALID"


def _load(options: Mapping[str, Any], stages: Sequence[tuple[int | None, float | None]]) -> str:
    """How much was sent and when, as far as it was planned: what ends a stage early says nothing of the plan."""
    levels = [f"{rate:g}/s" if users is None and rate is not None else _users(users or 0) for users, rate in stages]
    planned = [
        f"{name} {_as_one_writes(name, options[name])}" for name in ("lasts", "requests", "warmup") if options.get(name)
    ]
    arrivals = ((options.get("drawn") or {}).get("arrivals") or {}).get("sha256")
    drawn = [f"arrivals {arrivals[:_SHOWN]}"] if arrivals else []
    return ", ".join((*levels, *planned, *drawn))


def _as_one_writes(name: str, typed: Any) -> str:
    """A duration in seconds and a number in digits, whatever was typed; of another tool, what it stored."""
    if not isinstance(typed, str):
        return str(typed)
    try:
        return str(parse_count(typed, name)) if name == "requests" else f"{parse_duration(typed, name):.9g}s"
    except QuantityError:
        return typed


def _users(count: int) -> str:
    return f"{count} user{'' if count == 1 else 's'}"


def _read_stages(path: Path, runs: Sequence[Run]) -> dict[int, list[tuple[int | None, float | None]]]:
    found: dict[int, list[tuple[int | None, float | None]]] = {}
    with Store(path, LOAD_ROOM) as store:
        for run in runs:
            rows = store.query(f"SELECT users, rate FROM {STAGES.name} WHERE run = ? ORDER BY stage", (run.id,))  # noqa: S608  # a declared name
            found[run.id] = list(rows)
    return found
