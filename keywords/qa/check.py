"""`qa check`: whether the way from each requirement to its evidence is whole."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of
from keywords.qa.project import RegisterPath, SuitesPath  # noqa: TC001  # typer reads the annotations

if TYPE_CHECKING:
    from keywords.traceability.register.requirements import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

EXIT_INCONCLUSIVE = 3


def check(
    register: RegisterPath,
    suites: SuitesPath,
    output: Annotated[
        Path | None, typer.Option(help="The output.xml of a run of all rows; then that run is checked, too.")
    ] = None,
) -> None:
    """Fail if the way from a requirement to its evidence has a gap; one line for each finding.

    Skips that follow from what this machine or an attached server lacked at the start of the run are only listed; any
    other skip is a finding. Exit code 1 if there are findings, 2 if the register, the suites or the output cannot be
    read, 3 if rows were inconclusive because of the machine's load.
    """
    from keywords.hooks.suite_files import file_findings  # noqa: PLC0415  # Robot takes a while to import
    from keywords.traceability import check as traceability  # noqa: PLC0415  # keeps `qa --help` fast

    known, rows, faults = register_at(register), rows_in(suites), file_findings([suites])
    findings = faults + traceability.row_findings(known, rows) + traceability.coverage_findings(known, rows)
    unclear: list[str] = []
    run = run_of(output) if output else None
    if run:
        findings += traceability.run_findings(rows, run)
        unclear = traceability.inconclusive_rows(run)
        for skips in traceability.expected_skips(run):
            typer.echo(f"expected skip: {skips}", err=True)
    for row in unclear:
        typer.echo(f"inconclusive: {row}", err=True)
    for finding in findings:
        typer.echo(f"finding: {finding}", err=True)
    what = f"{len(known.requirements)} requirements, {len(rows)} rows{f', run {output}' if output else ''}"
    typer.echo(f"{what}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    if run:
        typer.echo(_exit_criteria(known, run, rows))
    if findings or unclear:
        raise typer.Exit(1 if findings else EXIT_INCONCLUSIVE)


def _exit_criteria(register: Register, run: Run, rows: list[Row]) -> str:
    from keywords.traceability.matrix import head, table  # noqa: PLC0415  # keeps `qa --help` fast

    return head.exit_criteria(table.build(register, run, rows))
