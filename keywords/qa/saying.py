"""Lines on the terminal that hold what a server, a model or a file says."""

from __future__ import annotations

import typer

from keywords.engine.redaction.printable import one_line


def say(line: str, *, err: bool = False) -> None:
    """Print one line, without characters that colour or clear a terminal, or begin a line of their own."""
    typer.echo(one_line(line), err=err)
