"""A report as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keywords.engine.load.report.content import Report, ReportTable


def as_text(report: Report) -> str:
    """The report as lines of text, with the stamp on top."""
    lines = [stamp_line(report), ""]
    lines += [f"{name}: {value}" for name, value in report.facts]
    for table in report.tables:
        lines += ["", table.title, *_lines(table)]
    if report.remarks:
        lines += ["", *(f"- {remark}" for remark in report.remarks)]
    return "\n".join(lines) + "\n"


def stamp_line(report: Report) -> str:
    """The stamp with its reasons."""
    return f"{report.stamp}: {'; '.join(report.reasons)}" if report.reasons else report.stamp


def _lines(table: ReportTable) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(table.head, *table.rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (table.head, *table.rows)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines
