"""Content of a report, before it has a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_NUMBERS = frozenset("0123456789-∞\N{EN DASH}n")
"""Of numbers, of what is infinite, of what is not there, and of "n too small"."""
Stamp = Literal["VALID", "INVALID", "NOT JUDGED"]


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table.

    Attributes:
        title: above it.
        head: of its columns.
        rows: texts, each with as many cells as `head`.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def holds_numbers(self, column: int) -> bool:
        """Whether every cell of a column begins as numbers do; such a column is aligned to the right."""
        return all(row[column][:1] in _NUMBERS for row in self.rows if row[column])


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        stamp: whether the run is worth believing; it stands on top.
        reasons: for it, one sentence each.
        facts: names and values, such as the server's address.
        tables: in the order of their importance.
        remarks: sentences on what the numbers do not say.
    """

    stamp: Stamp
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    tables: tuple[ReportTable, ...]
    remarks: tuple[str, ...]
