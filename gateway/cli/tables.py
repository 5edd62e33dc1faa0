"""Tables and progress bars for the commands that show some; `gateway serve` never needs this module and its imports."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.backends.llamacpp import weights

_UNWRAPPED = 400  # columns: a table that goes to a file or a pipe keeps each row on one line
_ANY_WIDTH = 10_000


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without lines; each row on one line where the output is no terminal."""
    console = _console()
    if not console.is_terminal:
        console = _console(width=_UNWRAPPED)
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_records(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table with lines on a terminal that it fits on; tab-separated lines, which lose nothing, elsewhere."""
    console, table, rows = _console(), Table(*titles), list(rows)
    for row in rows:
        table.add_row(*row)
    # Measured as if there were room, or it would never be too wide.
    wanted = console.measure(table, options=console.options.update(max_width=_ANY_WIDTH)).maximum
    if console.is_terminal and wanted <= console.width:
        console.print(table)
        return
    for row in (titles, *rows):
        print("\t".join(row))  # noqa: T201  # the command's output


@contextmanager
def progress(model: weights.ModelFile) -> Iterator[weights.Report]:
    """A bar on a terminal; elsewhere one line per quarter, since a log keeps every line. Both on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _quarters(console, model)
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
    """A size in bytes, to read."""
    return f"{size / 1e6:.1f} MB"


def _console(width: int | None = None) -> Console:
    """One that shows a value such as `[red]` or `:cat:` as it is."""
    return Console(width=width, markup=False, emoji=False)


def _quarters(console: Console, model: weights.ModelFile) -> weights.Report:
    said: set[tuple[str, int]] = set()

    def report(step: str, done: int, total: int) -> None:
        quarter = 4 * done // total
        if (step, quarter) not in said:
            said.add((step, quarter))
            console.print(
                f"{step} {model.file}: {megabytes(done)} of {megabytes(total)}", soft_wrap=True, highlight=False
            )

    return report
