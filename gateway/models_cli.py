"""`gateway models`: the embedded model's weights on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from gateway import weights

app = typer.Typer(help="The weights of the embedded model.", no_args_is_help=True)

_UNWRAPPED = 400  # columns: a table that goes to a file or a pipe keeps each row on one line
_STATES = {
    "good": "present, checksum good",
    "damaged": "present, checksum WRONG: run `gateway models pull`",
    "absent": "absent: run `gateway models pull`",
}


@app.command()
def pull() -> None:
    """Fetch the embedded model's weights into the user cache, unless they are there already."""
    model = weights.SMOLLM2
    if own := weights.own_model():
        try:
            weights.check_gguf(own, "GATEWAY_MODEL")
        except weights.EmbeddedModelError as error:
            raise _failed(error) from error
        typer.echo(f"GATEWAY_MODEL is set: {own} is used, nothing to pull")
        return
    try:
        with _progress(model) as report:
            result = weights.pull(model, report)
    except weights.EmbeddedModelError as error:
        raise _failed(error) from error
    typer.echo(f"{model.id}: {result}, checksum good: {model.path}")


@app.command("list")
def list_models() -> None:
    """Show the model files that the gateway knows, and whether they are present and unharmed."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_UNWRAPPED)
    table = Table("id", "file", "size", "licence", "source", "state", box=None, pad_edge=False)
    model = weights.SMOLLM2
    state = _STATES[model.state()]
    table.add_row(model.id, str(model.path), _megabytes(model.size), model.licence, model.requirement, state)
    if own := weights.own_model():
        try:
            size, state = (
                _megabytes(weights.check_gguf(own, "GATEWAY_MODEL").stat().st_size),
                "in use, checksum not pinned",
            )
        except weights.EmbeddedModelError as error:
            size, state = "", str(error)
        table.add_row("(own file)", str(own), size, "", "GATEWAY_MODEL", state)
    console.print(table)


@contextmanager
def _progress(model: weights.ModelFile) -> Iterator[weights.Report]:
    """A bar on a terminal; elsewhere one line per quarter, since a log keeps every line. Both on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _quarters(console, model)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(f"{step} {model.file}", total=total)
            progress.update(tasks[step], completed=done)

        yield report


def _quarters(console: Console, model: weights.ModelFile) -> weights.Report:
    said: set[tuple[str, int]] = set()

    def report(step: str, done: int, total: int) -> None:
        quarter = 4 * done // total
        if (step, quarter) not in said:
            said.add((step, quarter))
            console.print(
                f"{step} {model.file}: {_megabytes(done)} of {_megabytes(total)}", soft_wrap=True, highlight=False
            )

    return report


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _failed(error: weights.EmbeddedModelError) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(code=1)
