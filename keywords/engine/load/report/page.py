"""A report as a fragment of HTML, for Robot's log and for Allure; it needs no style sheet and no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from keywords.engine.load.report.text import stamp_line

if TYPE_CHECKING:
    from keywords.engine.load.report.content import Report, ReportTable

_COLOURS = {"VALID": "#1a7f37", "INVALID": "#cf222e", "NOT JUDGED": "#9a6700"}
_VERDICTS = {"PASS": "#1a7f37", "FAIL": "#cf222e", "INCONCLUSIVE": "#9a6700"}
_CELL = "padding:2px 8px;border:1px solid #8c959f;text-align:"


def as_html(report: Report) -> str:
    """The report as a fragment of HTML, with the stamp on top."""
    colour = _COLOURS[report.stamp]
    stamp = f'<span style="color:{colour}">{escape(stamp_line(report))}</span>'
    parts = [
        f'<p style="border:2px solid {colour};padding:4px 8px;font-weight:bold">{stamp}</p>',
        "<p>" + "<br>".join(f"<b>{escape(name)}</b>: {escape(value)}" for name, value in report.facts) + "</p>",
        *(_table(table) for table in report.tables),
    ]
    if report.remarks:
        parts.append("<ul>" + "".join(f"<li>{escape(remark)}</li>" for remark in report.remarks) + "</ul>")
    return "".join(parts)


def _table(table: ReportTable) -> str:
    aligns = ["right" if place and table.holds_numbers(place) else "left" for place in range(len(table.head))]
    cells = zip(table.head, aligns, strict=True)
    head = "".join(f'<th scope="col" style="{_CELL}{align}">{escape(name)}</th>' for name, align in cells)
    rows = "".join(f"<tr>{_row(row, aligns)}</tr>" for row in table.rows)
    return (
        f'<table style="border-collapse:collapse;margin:8px 0"><caption style="text-align:left;font-weight:bold">'
        f"{escape(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(texts: tuple[str, ...], aligns: list[str]) -> str:
    return "".join(_cell(text, align) for text, align in zip(texts, aligns, strict=True))


def _cell(text: str, align: str) -> str:
    colour = f";color:{_VERDICTS[text]};font-weight:bold" if text in _VERDICTS else ""
    return f'<td style="{_CELL}{align}{colour}">{escape(text)}</td>'
