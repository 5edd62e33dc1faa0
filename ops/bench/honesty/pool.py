"""The pool: many short load runs of two scripted servers in turns, of which one is slower by a known share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from keywords.engine.load.comparison.reading import read_series
from keywords.engine.load.comparison.series import SeriesRun
from keywords.engine.load.plan import Target
from keywords.engine.load.planning import LoadOptions, make_plan
from keywords.engine.load.session import measure_load
from keywords.engine.load.workload.reading import load_workload
from keywords.engine.load.workload.schema import Entry, Prompts, Workload
from keywords.engine.scripted.backend import Script, ScriptedBackend, words
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run
from ops.bench.pinning import can_pin
from ops.bench.progress import log_progress

if TYPE_CHECKING:
    from pathlib import Path

Server = Literal["A", "B"]
SLOWDOWN = 0.10
"""Of all of B's delays."""
BLOCK: tuple[Server, ...] = ("A", "B", "A", "B", "A")
"""The runs of a block; read backwards it is the same, so that a steady drift hits both alike."""
_FIRST_S, _CHUNK_S, _CHUNKS = 0.05, 0.01, 10
_USERS = 6
_SERVER_CORE = 0


@dataclass(frozen=True, slots=True)
class PoolRun:
    """One load run of the pool.

    Attributes:
        block: from 0.
        server: that was measured.
        run: its figures.
    """

    block: int
    server: Server
    run: SeriesRun


def measure_pool(store: Path, blocks: int, seconds: float) -> list[PoolRun]:
    """Measure blocks of load runs; Ctrl-C ends it and keeps the whole blocks.

    Args:
        store: the file of measurements.
        blocks: five runs each, three of A and two of B.
        seconds: of each run.

    Raises:
        LoadRunError: the load could not be sent.
        StoreError: the store cannot be used.
    """
    backends = {name: ScriptedBackend(core=_SERVER_CORE if can_pin() else None) for name in ("A", "B")}
    pool: list[PoolRun] = []
    try:
        for name, backend in backends.items():
            backend.start()
            factor = 1 + SLOWDOWN if name == "B" else 1.0
            backend.play(Script(chunks=words(_CHUNKS), first_delay=factor * _FIRST_S, chunk_delay=factor * _CHUNK_S))
        for block in range(blocks):
            found: list[PoolRun] = []
            for server in BLOCK:
                number = _measure(store, backends[server].url, server, seconds)
                if number is None:
                    raise KeyboardInterrupt  # noqa: TRY301  # as if it had come between two load runs
                with Store(store) as opened:
                    (run,) = read_series(store, server, [read_run(opened, number)]).runs
                found.append(PoolRun(block, server, run))
                # Its record would grow with the pool, and slow down what comes later.
                backends[server].forget_requests()
            pool += found
            problems = sum(bool(each.run.problem) for each in found)
            log_progress(f"block {block + 1} of {blocks}" + (f", {problems} INVALID runs" if problems else ""))
    except KeyboardInterrupt:
        log_progress("broken off; what there is, is kept")
    finally:
        for backend in backends.values():
            backend.stop()
    return pool


def save_pool(pool: list[PoolRun], file: Path) -> None:
    """Write a pool as JSON."""
    runs = [{**asdict(each), "run": asdict(each.run)} for each in pool]
    file.write_text(json.dumps(runs, indent=0) + "\n", encoding="utf-8")


def load_pool(file: Path) -> list[PoolRun]:
    """Read what `save_pool` wrote.

    Raises:
        OSError: there is no such file.
        ValueError: it is none of these.
    """
    try:
        runs = json.loads(file.read_text(encoding="utf-8"))
        return [PoolRun(each["block"], each["server"], SeriesRun(**each["run"])) for each in runs]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file} is no pool of load runs: measure one, without --again") from error


def _measure(store: Path, url: str, server: Server, seconds: float) -> int | None:
    """Measure one load run and return its number in the store; None if Ctrl-C ended it."""
    entry = Entry(name="chat", prompts=Prompts(texts=("Say something.",)), max_tokens=_CHUNKS, fields={})
    workload = load_workload(Workload(name="honesty", mix=(entry,)))
    plan = make_plan(Target(url, "scripted"), workload, LoadOptions(users=(_USERS,), duration_s=seconds))
    run = measure_load(
        plan,
        store=store,
        series=server,
        workload_hash=workload.sha256,
        options={"lasts": f"{seconds:g}s"},
    )
    return None if run.facts.interrupted else run.run
