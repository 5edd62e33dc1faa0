"""A report for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keywords.engine.load.report.text import stamp_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from keywords.engine.load.report.content import Report, ReportTable

_COLOURS = {"VALID": "green", "INVALID": "red", "NOT JUDGED": "yellow"}
_VERDICTS = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}


def as_renderable(report: Report) -> RenderableType:
    """The report as what a `rich.console.Console` prints, with the stamp on top."""
    parts: list[RenderableType] = [Panel(Text(stamp_line(report)), style=_COLOURS[report.stamp], expand=False)]
    parts += [Text.assemble((f"{name}: ", "bold"), value) for name, value in report.facts]
    parts += [_table(table) for table in report.tables]
    parts += [Text(f"• {remark}") for remark in report.remarks]
    return Group(*parts)


def _table(table: ReportTable) -> Table:
    shown = Table(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(table.head):
        shown.add_column(Text(name), justify="right" if place else "left", no_wrap=not place, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell, style=_VERDICTS.get(cell, "")) for cell in row))
    return shown
