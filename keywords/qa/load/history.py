"""`qa load --history`: a series of load runs week by week."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from keywords.engine.load.errors import LoadInputError
from keywords.engine.load.page.trend import read_trend, series_of
from keywords.engine.load.page.write_trend import HOW_TO_READ, trend_sentences, trend_tables, write_trend_page
from keywords.engine.store.errors import StoreError
from keywords.qa.exits import NO_VERDICT, PASS

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.engine.load.page.trend import Trend


def show_history(store: Path, series: str | None, page: Path | None) -> int:
    """Print the weeks of a series, write its page if one is asked for, and return the exit code.

    Args:
        store: the file of measurements.
        series: its name; None for the only one of the store.
        page: the file of the page; None for none.
    """
    try:
        chosen = series or _only(store)
        if chosen is None:
            return NO_VERDICT
        trend = read_trend(store, chosen)
        _print(trend)
        if page is not None:
            typer.echo(str(write_trend_page(page, trend)), err=True)
    except (LoadInputError, StoreError) as error:
        typer.echo(str(error), err=True)
        return NO_VERDICT
    except OSError as error:
        typer.echo(f"the page cannot be written ({error.strerror or error}): name another file", err=True)
        return NO_VERDICT
    return PASS


def _only(store: Path) -> str | None:
    """The only series of a store; None if there are several, or none, which is said."""
    names = series_of(store)
    if len(names) == 1:
        return next(iter(names))
    listed = ", ".join(f"{name!r} ({count} runs)" for name, count in list(names.items())[:20])
    typer.echo(f"--history needs the name of a series: give --name; {store} has {listed or 'none'}", err=True)
    return None


def _print(trend: Trend) -> None:
    console = Console(highlight=False, markup=False)
    for sentence in trend_sentences(trend):
        console.print(sentence)
    for table in trend_tables(trend):
        shown = Table(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for place, name in enumerate(table.head):
            shown.add_column(name, justify="right" if 0 < place < len(table.head) - 1 else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    console.print(HOW_TO_READ)
