"""The project that a `qa` command is about, found from any folder, and the options that default to its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keywords.run.places import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

_SUITES = Path("suites")
_REGISTER = Path("resources/register/requirements.yaml")
_RESULTS = Path("results")


class NoProjectError(Exception):
    """Neither the folders around the working directory nor this installation hold suites and a register."""


def find_project() -> Path:
    """The nearest project from the working directory upwards, else the one of this installation.

    Raises:
        NoProjectError: there is none.
    """
    own = RESOURCES.parent
    if found := _around() or (own if _is_project(own) else None):
        return found
    raise NoProjectError(
        f"no project here: neither {Path.cwd()}, a folder above it, nor {own} holds {_SUITES} and {_REGISTER}; "
        "change into the project, or name its files with --suites and --register"
    )


def project_folder() -> Path:
    """The project that `find_project` finds, as the working directory names it.

    Raises:
        NoProjectError: there is none.
    """
    return _shown(find_project())


def results_folder() -> Path:
    """The folder of results: of the project around the working directory, else of the working directory."""
    around = _around()
    return _shown(around / _RESULTS) if around else _RESULTS


def _around() -> Path | None:
    folder = Path.cwd()
    return next((one for one in (folder, *folder.parents) if _is_project(one)), None)


def _is_project(folder: Path) -> bool:
    return (folder / _REGISTER).is_file() and (folder / _SUITES).is_dir()


def _shown(path: Path) -> Path:
    """The path relative to the working directory if the project is around that, else as it is."""
    return Path(os.path.relpath(path)) if _around() else path


def _in_project(path: Path) -> Callable[[], Path]:
    """A default that is sought when its command runs."""

    def find() -> Path:
        try:
            return project_folder() / path
        except NoProjectError as err:
            typer.echo(str(err), err=True)
            raise typer.Exit(2) from None

    return find


def _option(default: Callable[[], Path], name: str, text: str) -> Any:
    return typer.Option(name, default_factory=default, show_default="the project's", help=text)


RegisterPath = Annotated[Path, _option(_in_project(_REGISTER), "--register", "The register of requirements.")]
SuitesPath = Annotated[Path, _option(_in_project(_SUITES), "--suites", "The folder of all rows.")]
StorePath = Annotated[
    Path | None,
    typer.Option("--store", help="The store of measurements.", show_default="measurements.db in the results"),
]
OutputPath = Annotated[Path, _option(lambda: results_folder() / "output.xml", "--output", "The output.xml of the run.")]
ModelOption = Annotated[str, typer.Option(help="The model; the first one that the server lists if left out.")]
