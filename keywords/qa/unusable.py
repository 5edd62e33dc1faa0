"""The end of a `qa` command that cannot use what it was given."""

from __future__ import annotations

from typing import NoReturn

import typer

from keywords.engine.redaction.printable import printable

EXIT_UNUSABLE = 2


def exit_unusable(problem: Exception | str) -> NoReturn:
    """Say what is wrong, and end the command.

    Raises:
        typer.Exit: always.
    """
    typer.echo(printable(str(problem)), err=True)
    raise typer.Exit(EXIT_UNUSABLE)
