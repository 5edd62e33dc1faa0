"""Reports of load runs on standard output."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rich.console import Console

from keywords.engine.load.report.terminal import as_renderable

if TYPE_CHECKING:
    from keywords.engine.load.report.content import Report

_WIDE = 160
"""Columns of a report that goes to a file or a pipe."""


def print_report(report: Report) -> None:
    """Print a report as wide as the terminal."""
    # COLUMNS=0 would leave nothing of it.
    knows_width = sys.stdout.isatty() or os.environ.get("COLUMNS", "").strip("0").isdecimal()
    Console(highlight=False, width=None if knows_width else _WIDE).print(as_renderable(report))
