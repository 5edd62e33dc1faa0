"""A report for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich import box
from rich.console import Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keywords.engine.load.report.numbers import NOTHING
from keywords.engine.load.report.text import stamp_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from keywords.engine.load.report.content import Report, ReportTable

_ANY_WIDTH = 1000
_NAME_AND_VALUE = 2
"""Columns of a table that is a list of names and values."""
_COLOURS = {"VALID": "green", "INVALID": "red", "NOT JUDGED": "yellow"}
_VERDICTS = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}


def as_renderable(report: Report) -> RenderableType:
    """The report as what a `rich.console.Console` prints, with the stamp on top."""
    parts: list[RenderableType] = [Panel(Text(stamp_line(report)), style=_COLOURS[report.stamp], expand=False)]
    parts += [Text.assemble((f"{name}: ", "bold"), value) for name, value in report.facts]
    parts += [_Fitting(table) for table in report.tables]
    parts += [Text(f"• {remark}") for remark in report.remarks]
    return Group(*parts)


class _Fitting:
    """A table where the terminal is wide enough for it; else a paragraph for each of its rows."""

    def __init__(self, table: ReportTable) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = _table(self._table)
        if Measurement.get(console, options.update(max_width=_ANY_WIDTH), shown).maximum <= options.max_width:
            yield shown
            return
        yield Text(self._table.title, style="italic")
        for row in self._table.rows:
            cells = zip(self._table.head[1:], row[1:], strict=True)
            is_list = len(row) == _NAME_AND_VALUE
            told = [
                Text.assemble("" if is_list else f"{name} ", (cell, _VERDICTS.get(cell, "" if is_list else "bold")))
                for name, cell in cells
                if _says(cell)
            ]
            subject = row[0] if is_list else f"{self._table.head[0]} {row[0]}"
            yield Text.assemble((f"{subject}: ", "bold"), Text(", ").join(told))
        yield Text()


def _says(cell: str) -> bool:
    return cell not in {"", NOTHING}


def _table(table: ReportTable) -> Table:
    shown = Table(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(table.head):
        justify: Literal["left", "right"] = "right" if place and table.holds_numbers(place) else "left"
        shown.add_column(Text(name), justify=justify, no_wrap=not place, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell, style=_VERDICTS.get(cell, "")) for cell in row))
    return shown
