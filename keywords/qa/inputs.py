"""What `qa` commands read: the register, the rows, a run; one that cannot be read ends the command."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from pathlib import Path

    from keywords.traceability.register.register import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row


def register_at(path: Path) -> Register:
    """The register of requirements.

    Raises:
        typer.Exit: it cannot be read.
    """
    from keywords.traceability.register.register import load_register  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.yaml_file import RegisterError  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return load_register(path)
    except RegisterError as err:
        exit_unusable(err)


def rows_in(suites: Path) -> list[Row]:
    """All rows of the suites.

    Raises:
        typer.Exit: they cannot be read.
    """
    from keywords.hooks.suite_model import read_rows  # noqa: PLC0415  # Robot takes a while to import

    try:
        return read_rows(suites)
    except ValueError as err:
        exit_unusable(err)


def run_of(output: Path) -> Run:
    """The run that an output.xml tells of.

    Raises:
        typer.Exit: it cannot be read.
    """
    from keywords.traceability.results import OutputError, read_output  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return read_output(output)
    except OutputError as err:
        exit_unusable(err)


def today() -> dt.date:
    """The day by the local clock."""
    return dt.datetime.now().astimezone().date()
