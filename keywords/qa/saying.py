"""Lines on the terminal that hold what a server, a model or a file says."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from keywords.engine.redaction.printable import one_line

if TYPE_CHECKING:
    from typing import TextIO


def say(line: str, *, err: bool = False) -> None:
    """Print one line, without characters that colour or clear a terminal, or begin a line of their own.

    A reader who has gone, as that of `qa eval | head`, or a full disk ends nothing: what is asked and stored is worth
    more than its line, and the exit code stays that of the work.
    """
    stream = sys.stderr if err else sys.stdout
    if stream is None:  # it was closed before the start
        return
    encoding = stream.encoding or "utf-8"
    shown = one_line(line).encode(encoding, "backslashreplace").decode(encoding)
    try:
        typer.echo(shown, file=stream)
    except OSError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """Let all further output of a stream go nowhere, what it holds back included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
