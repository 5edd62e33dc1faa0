"""Locust's statistics: `…_stats.csv`, `…_stats_history.csv`, or both."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from keywords.engine.load.imported.content import UNKNOWN_VERSION, ImportedFileError, ImportedRun, ImportedStage
from keywords.engine.load.imported.definitions import DEFINITIONS
from keywords.engine.load.imported.figures import Figure
from keywords.engine.load.imported.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_STATS, _HISTORY = "_stats.csv", "_stats_history.csv"
_TOTAL: Final = "Aggregated"
_COUNTS: Final = ("Request Count", "Failure Count")
_OF_TIME: Final = {
    "Average Response Time": "mean",
    "Median Response Time": "p50",
    "Min Response Time": "min",
    "Max Response Time": "max",
    "90%": "p90",
    "95%": "p95",
    "99%": "p99",
}
"""Columns of the response time."""
_MISSING: Final = "N/A"


def is_statistics(text: str) -> bool:
    """Whether this is the text of such a file."""
    head = text.partition("\n")[0]
    return head.startswith(("Type,Name,Request Count,", "Timestamp,User Count,Type,Name,"))


def read(path: Path) -> ImportedRun:
    """Read a run from its statistics or their history, with the other file if it lies beside it.

    Raises:
        ImportedFileError: a file cannot be used, or the two are of different runs.
    """
    text = read_text(path)
    is_history = text.startswith("Timestamp")
    stats = _beside(path, _HISTORY, _STATS) if is_history else path
    history = path if is_history else _beside(path, _STATS, _HISTORY)
    rows = [] if history is None else _rows(history)
    times = [_number(history or path, row, "Timestamp") for row in rows]
    entries = None if stats is None else _rows(stats)
    total = _last_total(rows, path) if entries is None else _total(entries, path)
    if history is not None and stats is not None:
        counted = _number(history, _last_total(rows, history), "Request Count")
        if counted > _number(stats, total, "Request Count"):
            raise ImportedFileError(
                f"{history}: Total Request Count is {counted:g}, more than in {stats.name} beside it: the two are of "
                f"different runs"
            )
    requests = _number(path, total, "Request Count")
    if not requests:
        raise ImportedFileError(f"{path}: Request Count is 0: the run has nothing to import")
    named = sorted({f"{row['Type']} {row['Name']}" for row in entries or rows if row["Name"] != _TOTAL})
    users = {int(_number(path, row, "User Count")) for row in rows} - {0}
    return ImportedRun(
        tool="locust",
        version=UNKNOWN_VERSION,
        files=tuple(file for file in (stats, history) if file is not None),
        started_at=min(times, default=path.stat().st_mtime),
        duration_s=max(times, default=0.0) - min(times, default=0.0),
        stages=(
            ImportedStage(0.0, max(times, default=0.0) - min(times, default=0.0), users=max(users, default=0) or None),
        ),
        samples=(),
        figures=tuple(_figures(path, total, requests)),
        notes=tuple(_notes(history, named, users)),
        unmapped=tuple(each.theirs for each in DEFINITIONS["locust"] if each.ours is None),
        options={"entries": named},
    )


def _beside(path: Path, own: str, other: str) -> Path | None:
    sibling = path.with_name(path.name.removesuffix(own) + other)
    return sibling if path.name.endswith(own) and sibling.exists() else None


def _rows(path: Path) -> list[dict[str, str]]:
    """The lines of a file; the history's totals under the names that the statistics give them."""
    text = read_text(path)
    if not is_statistics(text):
        raise ImportedFileError(f"{path}: these are no statistics of Locust, whose first columns are Type and Name")
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text), restkey="", restval=None), start=2):
        if "" in row or None in row.values():
            raise ImportedFileError(f"{path}:{number}: the line has not as many columns as the first; it is cut")
        rows.append({name.removeprefix("Total "): value for name, value in row.items()})
    return rows


def _total(rows: list[dict[str, str]], path: Path) -> dict[str, str]:
    found = [row for row in rows if row["Name"] == _TOTAL]
    if not found:
        raise ImportedFileError(f"{path}: there is no line {_TOTAL}: the file is cut off; export the run again")
    return found[-1]


def _last_total(rows: list[dict[str, str]], path: Path) -> dict[str, str]:
    """The last line of the totals, without the percentiles of the last seconds only."""
    return {name: value for name, value in _total(rows, path).items() if not name.endswith("%")}


def _number(path: Path, row: Mapping[str, str], column: str) -> float:
    try:
        value = float(row[column])
    except (KeyError, ValueError):
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ImportedFileError(
            f"{path}: {column} is {row.get(column)!r}, which is no number of at least 0; export the run again"
        )
    return value


def _figures(path: Path, total: Mapping[str, str], requests: float) -> Iterable[Figure]:
    by_name = {each.theirs: each for each in DEFINITIONS["locust"]}
    response = by_name["Response Time"]
    yield response.figure("n", requests)
    for column, statistic in _OF_TIME.items():
        if total.get(column, _MISSING) != _MISSING:
            yield response.figure(statistic, _number(path, total, column))
    yield Figure(0, "Failure Count", "error_rate", "value", _number(path, total, "Failure Count") / requests, "1")
    for name in ("Requests/s", "Failures/s", "Average Content Size"):
        if name in total:
            yield by_name[name].figure("value", _number(path, total, name))


def _notes(history: Path | None, named: list[str], users: set[int]) -> Iterable[str]:
    yield "there are no samples: Locust's files have only figures"
    if len(named) > 1:
        yield f"the figures are those of {len(named)} entries together: {', '.join(named)}"
    if history is None:
        yield f"start and duration are not known: no file {_HISTORY} lies beside it; the start is the file's own time"
    if len(users) > 1:
        yield f"users went from {min(users)} to {max(users)}: the figures are of all of them together"
