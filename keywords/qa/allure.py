"""`qa allure`: the Allure page of a run."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.engine.processes.node import NodeUnavailableError
from keywords.qa.project import OutputPath  # noqa: TC001  # typer reads the annotations
from keywords.traceability.allure.files import ResultError
from keywords.traceability.allure.install import AllureIntegrityError, AllureUnavailableError, installed_allure
from keywords.traceability.allure.report import AllureReportError, write_allure_page
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS
from keywords.traceability.results import OutputError
from keywords.traceability.sealed_page import SealError

EXIT_FAILED = 1
EXIT_UNAVAILABLE = 3


def report(
    output: OutputPath,
    results: Annotated[
        Path | None, typer.Option(help="The folder that Robot's Allure listener wrote; beside the output if left out.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The folder for the page; beside the output if left out.")] = None,
    name: Annotated[str, typer.Option(help="Title of the page.")] = "LLM gateway: acceptance",
    *,
    if_possible: Annotated[bool, typer.Option(help="Without Node or network, say so and succeed.")] = False,
) -> None:
    """Make the Allure page of a run: one HTML file that opens offline.

    Exit codes: 0 made, 1 not made or not complete, 3 its generator cannot be had now.
    """
    results, to = results or output.parent / ALLURE_RESULTS, to or output.parent / "allure"
    if not installed_allure().is_file():
        typer.echo("Installing the Allure report generator with npm (53 MB, once)", err=True)
    try:
        made = write_allure_page(results=results, output=output, to=to, name=name)
    except (NodeUnavailableError, AllureUnavailableError) as err:
        typer.echo(f"NOTE: no Allure page: {err}. Robot's own report is {output.with_name('report.html')}", err=True)
        raise typer.Exit(0 if if_possible else EXIT_UNAVAILABLE) from None
    except (AllureReportError, AllureIntegrityError, ResultError, SealError, OutputError, OSError) as err:
        typer.echo(f"qa allure: {err}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    typer.echo(f"Allure page of {made.rows} rows: {made.page}")
    if made.missing:
        typer.echo(f"qa allure: {len(made.missing)} rows left Allure no result: {', '.join(made.missing)}", err=True)
        raise typer.Exit(EXIT_FAILED)
