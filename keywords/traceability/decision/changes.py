"""What changed since the last run, and how it went over the last ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.traceability.history.store import (
    PastRun,
    RowEnd,
    record,
    requirements_of,
    rows_of,
    runs_before,
)
from keywords.traceability.matrix.row_labels import label

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.traceability.matrix.table import Matrix

RUNS_SHOWN = 12
_BAD = "FAIL"
_GOOD = ("PASS", "FLAKY-PASS")


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last run of the history.

    Attributes:
        since: when that run began; empty if there is none.
        groups: titles and names of rows and requirements: new failures, fixed, known, suspect, added, gone.
        runs: the last runs, the latest first.
    """

    since: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    runs: tuple[PastRun, ...]


def compare(file: Path, matrix: Matrix) -> Changes:
    """Compare a run with the one before it; only rows that both of them ran are compared.

    Raises:
        HistoryError: the history cannot be used.
    """
    runs = runs_before(file, matrix.run.started, RUNS_SHOWN)
    if not runs:
        return Changes("", (), ())
    since = runs[0].started
    before = {(one.row_id, one.environment): one for one in rows_of(file, since)}
    now = {(one.row_id, one.environment): one for one in _row_ends(matrix)}
    both = [(before[key], now[key]) for key in now if key in before]
    suspects_before = {id_ for id_, status in requirements_of(file, since).items() if status == "SUSPECT"}
    suspects = [line.requirement.id for line in matrix.lines if line.status == "SUSPECT"]
    ran = {key for key, one in now.items() if one.label != "NOT RUN"}
    ran_before = {key for key, one in before.items() if one.label != "NOT RUN"}
    found = {
        "New failures": [new.name for old, new in both if new.label == _BAD and old.label != _BAD],
        "Still failing": [new.name for old, new in both if new.label == old.label == _BAD],
        "Fixed": [new.name for old, new in both if new.label in _GOOD and old.label in {_BAD, "KNOWN"}],
        "Known as bugs now": [new.name for old, new in both if new.label == "KNOWN" != old.label],
        "Suspect now": [id_ for id_ in suspects if id_ not in suspects_before],
        "Rows that this run has and the last one did not": [now[key].name for key in now if key in ran - ran_before],
        "Rows that the last run had and this one did not": [
            before[key].name for key in before if key in ran_before - ran
        ],
    }
    return Changes(since, tuple((title, tuple(names)) for title, names in found.items() if names), tuple(runs))


def remember(file: Path, matrix: Matrix, verdict: str) -> None:
    """Add a run to the history.

    Raises:
        HistoryError: the history cannot be used.
    """
    run = PastRun(matrix.run.started, matrix.run.metadata.get("Commit", ""), verdict, matrix.run.elapsed_s, {})
    record(file, run, _row_ends(matrix), {line.requirement.id: line.status for line in matrix.lines})


def _row_ends(matrix: Matrix) -> list[RowEnd]:
    return [
        RowEnd(result.row.stable_id, result.environment, result.row.name, label(result), result.elapsed_s)
        for result in matrix.results
    ]
