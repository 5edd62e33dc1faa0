"""Storing of imported runs, marked as such, where this project's own load runs stand."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from keywords.engine.load.imported.content import ImportedFileError
from keywords.engine.load.imported.definitions import DEFINITIONS, NAMES
from keywords.engine.load.imported.figures import FIGURES, IMPORTS_ROOM
from keywords.engine.load.storage.tables import LOAD_ROOM, SAMPLES, STAGES, sample_row
from keywords.engine.store.database import Store
from keywords.engine.store.runs import begin_run, end_run, read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keywords.engine.load.imported.content import ImportedRun
    from keywords.engine.store.runs import Run

IMPORTED = "imported"
"""Option of an imported run that tells of its tool and files."""
_START = 0.0
"""An imported run has a clock of its own, which begins with it: it is nothing that this machine measured meanwhile."""


def store_imports(path: Path, imports: Sequence[ImportedRun], series: str | None = None) -> list[int]:
    """Store imported runs, all or none, and return their ids.

    Args:
        path: of the store.
        imports: the runs.
        series: name under which runs are compared; None takes tool and model.

    Raises:
        ImportedFileError: a file was imported before: twice in a series, it would pass for a second run.
        StoreError: the store cannot be written.
    """
    with Store(path, LOAD_ROOM, IMPORTS_ROOM) as store, store.transaction():
        return [_store(store, imported, series) for imported in imports]


def _store(store: Store, imported: ImportedRun, series: str | None) -> int:
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in imported.files}
    _refuse_known(store, imported, digests)
    run = begin_run(
        store,
        "load",
        series or " ".join(filter(None, (imported.tool, imported.model))),
        target=imported.target,
        model=imported.model,
        workload_hash=_workload_hash(imported),
        options={**imported.options, IMPORTED: _mark(imported, digests)},
        environment=imported.environment,
        started_at=imported.started_at,
        started=_START,
    )
    store.insert(SAMPLES, (sample_row(run, sample) for sample in imported.samples))
    store.insert(STAGES, _stage_rows(run, imported))
    store.insert(FIGURES, _figure_rows(run, imported))
    end_run(
        store,
        run,
        reasons=list(reasons(imported)),
        interrupted=imported.interrupted,
        ended=_START + imported.duration_s,
    )
    return run


def imported_from(run: Run) -> str | None:
    """The tool and version that an imported run comes from, such as `AIPerf 0.13.0`; None for a run of this project."""
    mark = run.options.get(IMPORTED)
    return None if mark is None else f"{NAMES[mark['tool']]} {mark['version']}"


def reasons(imported: ImportedRun) -> Iterator[str]:
    """What lessens the run's worth: where it comes from, what the file lacks, which metrics are not quite ours."""
    files = " and ".join(file.name for file in imported.files)
    yield f"imported from {files} of {NAMES[imported.tool]} {imported.version}, whose client nobody has judged here"
    yield from imported.notes
    if names := list(differences(imported)):
        yield f"not quite this project's metrics: {', '.join(names)} (docs/IMPORTS.md)"


def differences(imported: ImportedRun) -> dict[str, str]:
    """The metrics of the run under our names that differ from ours, and how."""
    told = {each.theirs for each in imported.figures}
    return {
        each.ours: each.differs
        for each in DEFINITIONS[imported.tool]
        if each.ours is not None and each.differs and (each.theirs in told or imported.samples)
    }


def _mark(imported: ImportedRun, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "tool": imported.tool,
        "version": imported.version,
        "files": digests,
        "samples": len(imported.samples),
        "differs": differences(imported),
        "unmapped": list(imported.unmapped),
    }


def _workload_hash(imported: ImportedRun) -> str | None:
    """Hash of what was sent, by the tool's own description; None if its file has none."""
    if imported.workload is None:
        return None
    told = json.dumps([imported.tool, imported.model, imported.workload], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _refuse_known(store: Store, imported: ImportedRun, digests: dict[str, str]) -> None:
    for run in read_runs(store, kind="load"):
        known = run.options.get(IMPORTED, {}).get("files", {})
        if same := set(known.values()) & set(digests.values()):
            name = next(file for file in imported.files if digests[file.name] in same)
            raise ImportedFileError(f"{name}: it is imported already, as run {run.id} of series {run.series}")


def _stage_rows(run: int, imported: ImportedRun) -> Iterator[tuple[Any, ...]]:
    for number, each in enumerate(imported.stages):
        # An answer at the very end of the stage belongs to it.
        ended = math.nextafter(_START + each.ended, math.inf)
        yield run, number, _START + each.began, ended, each.users, each.rate


def _figure_rows(run: int, imported: ImportedRun) -> Iterator[tuple[Any, ...]]:
    for each in imported.figures:
        yield run, each.stage, each.theirs, each.ours, each.statistic, each.value, each.unit
