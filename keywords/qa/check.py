"""`qa check`: does the way from a requirement to its evidence have a gap?"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.exits import INCONCLUSIVE
from keywords.qa.inputs import register_at, rows_in, run_of, today
from keywords.qa.project import RegisterPath, SuitesPath  # noqa: TC001  # typer reads the annotations
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.traceability.check.outcome import Check
    from keywords.traceability.register.register import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row


def check(
    register: RegisterPath,
    suites: SuitesPath,
    output: Annotated[
        Path | None, typer.Option(help="The output.xml of a run of all rows; then that run is checked, too.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="A file for the checks as JUnit XML.")] = None,
    *,
    annotations: Annotated[bool, typer.Option(help="Print each finding as an annotation of GitHub, too.")] = False,
) -> None:
    """Fail if the way from a requirement to its evidence has a gap; one line for each check and each finding.

    Skips that follow from what this machine or an attached server lacked at the start of the run are only listed; any
    other skip is a finding. Exit code 1 if there are findings, 2 if the register, the suites or the output cannot be
    read, 3 if rows were inconclusive because of the machine's load.
    """
    from keywords.traceability.check import outcome  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.check import run as of_run  # noqa: PLC0415  # keeps `qa --help` fast

    known, rows = register_at(register), rows_in(suites)
    run = run_of(output) if output else None
    checks = _checks(known, rows, suites, run)
    _tell_notes(known, run)
    for one in checks:
        if not one.findings:
            typer.echo(f"passed: {one.title}")
        for finding in one.findings:
            typer.echo(f"finding: {finding}", err=True)
    for line in outcome.github_annotations(checks) if annotations else ():
        typer.echo(line)
    if junit:
        try:
            outcome.write_junit(checks, junit)
        except OSError as err:
            exit_unusable(f"{junit}: the checks cannot be written: {err.strerror}; name another file by --junit")
    count = sum(len(one.findings) for one in checks)
    what = f"{len(known.requirements)} requirements, {len(rows)} rows{f', run {output}' if output else ''}"
    typer.echo(f"{what}: {count or 'no'} finding{'' if count == 1 else 's'}")
    if run:
        typer.echo(_exit_criteria(known, run, rows))
    if count or (run and of_run.inconclusive_rows(run)):
        raise typer.Exit(1 if count else INCONCLUSIVE)


def _tell_notes(register: Register, run: Run | None) -> None:
    """Tell what fails nothing, and what has no verdict."""
    from keywords.traceability.check import run as of_run  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.check.upkeep import warnings  # noqa: PLC0415  # keeps `qa --help` fast

    notes = [f"expected skip: {skips}" for skips in of_run.expected_skips(run)] if run else []
    notes += [f"warning: {warning}" for warning in warnings(register, today())]
    notes += [f"inconclusive: {row}" for row in of_run.inconclusive_rows(run)] if run else []
    for note in notes:
        typer.echo(note, err=True)


def _checks(register: Register, rows: list[Row], suites: Path, run: Run | None) -> Sequence[Check]:
    from keywords.hooks.suite_files import file_findings  # noqa: PLC0415  # Robot takes a while to import
    from keywords.traceability.check import rows as of_rows  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.check import run as of_run  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.check import upkeep  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.check.outcome import Check  # noqa: PLC0415  # keeps `qa --help` fast

    checks = [
        Check("Robot understands all files", file_findings([suites])),
        Check("every row has valid tags and a name of its own", of_rows.row_findings(register, rows)),
        Check("every requirement has a row of each kind that it needs", of_rows.coverage_findings(register, rows)),
        Check("every row was reviewed with today's text", upkeep.review_findings(register, rows)),
        Check("no bug is lost, and none and no waiver has expired", upkeep.bug_findings(register, rows, today())),
    ]
    if run:
        checks += [
            Check("every row was executed, and the run ended well", of_run.run_findings(rows, run)),
            Check("every skip is explained", of_run.skip_findings(run)),
            Check("every row that ran left its evidence", of_run.evidence_findings(run)),
            *_of_decision(register, rows, run),
        ]
    return checks


def _of_decision(register: Register, rows: list[Row], run: Run) -> Sequence[Check]:
    """What keeps the run from a release: results that are too old, and criteria that are not met."""
    from keywords.traceability.check.outcome import Check  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.decision.criteria import judge_criteria  # noqa: PLC0415  # as above
    from keywords.traceability.decision.measurements import measurements_of  # noqa: PLC0415  # as above
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # as above

    matrix = build(register, run, rows)
    judged = judge_criteria(matrix, measurements_of(matrix), today())
    stale = [one for one in matrix.results if one.stale]
    return (
        Check(
            "no result is too old", [f"row '{one.row.full_name}' is stale: {one.stale}; run it again" for one in stale]
        ),
        Check(
            "no exit criterion is missed",
            [f"{one.id} is not met: {one.title}: {one.figure}" for one in judged if one.met is False],
        ),
    )


def _exit_criteria(register: Register, run: Run, rows: list[Row]) -> str:
    from keywords.traceability.matrix import head, table  # noqa: PLC0415  # keeps `qa --help` fast

    return head.exit_criteria(table.build(register, run, rows))
