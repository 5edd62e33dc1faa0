"""What `qa` commands read; what cannot be read ends a command with exit code 2."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.traceability.register.register import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

EXIT_UNUSABLE = 2


def register_of(path: Path) -> Register:
    """The register of a file."""
    from keywords.traceability.register.register import load_register  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.yaml_file import RegisterError  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return load_register(path)
    except RegisterError as err:
        exit_unusable(err)


def rows_of(suites: Path) -> list[Row]:
    """All rows below a folder."""
    from keywords.hooks.suite_model import read_rows  # noqa: PLC0415  # Robot takes a while to import

    try:
        return read_rows(suites)
    except ValueError as err:
        exit_unusable(err)


def faults_of(suites: Path) -> list[str]:
    """What Robot does not understand in the suites of a folder."""
    from keywords.hooks.suite_files import file_findings  # noqa: PLC0415  # Robot takes a while to import

    return file_findings([suites])


def run_of(output: Path) -> Run:
    """The run of an output.xml."""
    from keywords.traceability.results import OutputError, read_output  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return read_output(output)
    except OutputError as err:
        exit_unusable(err)


def exit_unusable(problem: Exception | str) -> NoReturn:
    """End the command, and say why."""
    typer.echo(str(problem), err=True)
    raise typer.Exit(EXIT_UNUSABLE)


def today() -> dt.date:
    """The day by the local clock."""
    return dt.datetime.now().astimezone().date()
