"""Exit codes of every command that judges."""

from __future__ import annotations

from typing import NoReturn

import typer

PASS = 0
FAIL = 1
NO_VERDICT = 2
"""The input is bad, or nothing could be measured."""
INCONCLUSIVE = 3


def exit_unusable(problem: Exception | str) -> NoReturn:
    """Say why there is no verdict, and end the command."""
    typer.echo(str(problem), err=True)
    raise typer.Exit(NO_VERDICT)
