"""Report of an imported run: its own samples' numbers, and the figures as its tool computed them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keywords.engine.load.imported.figures import IMPORTS_ROOM, read_figures
from keywords.engine.load.imported.storing import IMPORTED, imported_from
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.plan import Stage
from keywords.engine.load.report.build import build_report
from keywords.engine.load.report.content import Report, ReportTable
from keywords.engine.load.report.numbers import NOTHING, number
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.load.storage.tables import LOAD_ROOM, STAGES
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keywords.engine.load.imported.figures import Figure

_STATISTICS = ("n", "mean", "p50", "p90", "p95", "p99", "max")


def import_report(path: Path, run: int) -> Report:
    """The report of an imported run.

    Args:
        path: of the store.
        run: its id.

    Raises:
        StoreError: the store cannot be read, or has no such run.
    """
    with Store(path, LOAD_ROOM, IMPORTS_ROOM) as store:
        row = read_run(store, run)
        sql = f"SELECT ended - began, users, rate FROM {STAGES.name} WHERE run = ? ORDER BY stage"  # noqa: S608  # a declared name
        stages = [Stage(*values) for values in store.query(sql, (run,))]
        figures = read_figures(store, run)
    samples = read_samples(path, run)
    report = build_report(Summary(samples), row, stages=stages)
    mark = row.options[IMPORTED]
    tables = [*figure_tables(figures, imported_from(row) or "")]
    if mark["differs"]:
        head = ("metric", "what differs from this project's")
        tables.append(
            ReportTable("Under this project's names, and not quite the same", head, tuple(mark["differs"].items()))
        )
    remarks = [f"Not mapped: {', '.join(mark['unmapped'])}."] if mark["unmapped"] else []
    if not len(samples.item):  # its tables would be empty, and its remarks about nothing
        return replace(report, tables=tuple(tables), remarks=tuple(remarks))
    return replace(report, tables=(*report.tables, *tables), remarks=(*report.remarks, *remarks))


def figure_tables(figures: Sequence[Figure], tool: str) -> Iterator[ReportTable]:
    """The figures of a tool, a table for each stage; times in milliseconds, shares in per cent."""
    for stage in sorted({each.stage for each in figures}):
        values: dict[tuple[str, str, str], dict[str, str]] = {}
        for each in figures:
            if each.stage == stage:
                scale, unit = _SHOWN.get(each.unit, (1.0, each.unit)) if each.ours else (1.0, each.unit)
                shown = number(each.value, 1.0 if each.statistic == "n" else scale)
                statistic = "mean" if each.statistic == "value" else each.statistic
                values.setdefault((each.ours or NOTHING, each.theirs, unit), {})[statistic] = shown
        rows = tuple((*names, *(told.get(name, NOTHING) for name in _STATISTICS)) for names, told in values.items())
        head = ("metric", "its name there", "unit", *_STATISTICS)
        yield ReportTable(f"Stage {stage}: as {tool} computed it", head, rows)


_SHOWN = {"s": (1e3, "ms"), "1": (1e2, "%")}
