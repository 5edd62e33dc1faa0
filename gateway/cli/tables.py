"""Tables and progress bars; a module apart, so that `gateway serve` does not wait for its imports."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.backends.llamacpp import weights

# Columns of a table in a file or a pipe: each row stays on one line.
_UNWRAPPED = 400
_UNLIMITED = 10_000


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without lines; each row on one line if the output is not a terminal."""
    console = _console()
    if not console.is_terminal:
        console = _console(width=_UNWRAPPED)
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_records(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table with lines if it fits on the terminal; else tab-separated lines, which lose nothing."""
    console, table, rows = _console(), Table(*titles), list(rows)
    for row in rows:
        table.add_row(*row)
    # Measured without a limit: rich would shrink the table to the terminal.
    width = console.measure(table, options=console.options.update(max_width=_UNLIMITED)).maximum
    if console.is_terminal and width <= console.width:
        console.print(table)
        return
    for row in (titles, *rows):
        print("\t".join(row))  # noqa: T201  # the command's output


@contextmanager
def progress(model: weights.ModelFile) -> Iterator[weights.Report]:
    """Show progress on standard error: a bar on a terminal, else one line per quarter, as a log keeps every line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _quarterly_report(console, model)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(f"{step} {model.file}", total=total)
            bars.update(tasks[step], completed=done)

        yield report


def megabytes(size: int) -> str:
    """Format a size in bytes as megabytes."""
    return f"{size / 1e6:.1f} MB"


def _console(width: int | None = None) -> Console:
    """Make a console that prints a value such as `[red]` or `:cat:` unchanged."""
    return Console(width=width, markup=False, emoji=False)


def _quarterly_report(console: Console, model: weights.ModelFile) -> weights.Report:
    reported: set[tuple[str, int]] = set()

    def report(step: str, done: int, total: int) -> None:
        quarter = 4 * done // total
        if (step, quarter) not in reported:
            reported.add((step, quarter))
            console.print(
                f"{step} {model.file}: {megabytes(done)} of {megabytes(total)}", soft_wrap=True, highlight=False
            )

    return report
