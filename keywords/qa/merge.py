"""`qa merge`: one matrix and one verdict of several runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of
from keywords.qa.project import RegisterPath, SuitesPath, results_folder
from keywords.qa.summary import write
from keywords.qa.unusable import exit_unusable


def merge(
    results: Annotated[list[Path], typer.Argument(help="Folders of results, or files output.xml.")],
    register: RegisterPath,
    suites: SuitesPath,
    to: Annotated[
        Path | None, typer.Option(help="The folder for the pages; `merged` in the results if left out.")
    ] = None,
    *,
    gate: Annotated[bool, typer.Option(help="Exit with 0 for GO, 1 for NO-GO, 2 for NO VERDICT.")] = False,
) -> None:
    """Join runs in one matrix and one summary: regular and nightly ones, shards, reruns, other environments, pabot's.

    In one environment the later result of a row counts, and one that failed before is flaky; different environments
    stand side by side. A run names its environment by `robot --metadata Environment:laptop`; else model and version
    of the gateway do. Links lead to the evidence where each run left it.
    Example: `qa merge results results/nightly --gate`.
    """
    from keywords.traceability.decision.verdict import EXIT_CODES  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.joined import join  # noqa: PLC0415  # as above
    from keywords.traceability.matrix import head  # noqa: PLC0415  # as above
    from keywords.traceability.matrix.files import write_matrix  # noqa: PLC0415  # as above
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # as above

    folder = to or results_folder() / "merged"
    outputs = [path / "output.xml" if path.is_dir() else path for path in results]
    matrix = build(register_at(register), join([run_of(output) for output in outputs]), rows_in(suites))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_matrix(matrix, folder / "matrix")
    except OSError as err:
        exit_unusable(f"{folder}: the pages cannot be written: {err.strerror}; name another folder by --to")
    decision = write(matrix, folder)
    typer.echo(head.summary(matrix))
    typer.echo(f"{decision.verdict}: {folder / 'index.html'}")
    for reason in decision.reasons:
        typer.echo(reason)
    if gate:
        raise typer.Exit(EXIT_CODES[decision.verdict])
