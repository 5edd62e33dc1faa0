"""`qa matrix`: the requirement matrix of a run."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of
from keywords.qa.project import OutputPath, RegisterPath, SuitesPath  # noqa: TC001  # typer reads the annotations
from keywords.qa.unusable import exit_unusable


def matrix(
    output: OutputPath,
    register: RegisterPath,
    suites: SuitesPath,
    to: Annotated[Path | None, typer.Option(help="The folder to write into; beside the output if left out.")] = None,
) -> None:
    """Write the requirement matrix of a run: a page, Markdown, CSV and JSON."""
    from keywords.traceability.matrix import head  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.files import write_matrix  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # keeps `qa --help` fast

    built = build(register_at(register), run_of(output), rows_in(suites))
    folder = to or output.parent / "matrix"
    try:
        paths = write_matrix(built, folder)
    except OSError as err:
        exit_unusable(f"{folder}: the matrix cannot be written: {err.strerror}; name another folder by --to")
    for path in paths:
        typer.echo(str(path))
    for line in (head.summary(built), *head.notes(built), head.exit_criteria(built)):
        typer.echo(line)
