"""`qa summary`: may we ship? One page that answers, and exit codes for a gate."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of, today
from keywords.qa.project import OutputPath, RegisterPath, SuitesPath, results_folder
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from keywords.traceability.decision.verdict import Decision
    from keywords.traceability.matrix.table import Matrix


def summary(
    output: OutputPath,
    register: RegisterPath,
    suites: SuitesPath,
    *,
    gate: Annotated[bool, typer.Option(help="Exit with 0 for GO, 1 for NO-GO, 2 for NO VERDICT.")] = False,
) -> None:
    """Write `index.html` beside the output: the verdict, why, and what stands behind it.

    Exit code 0 if the page was written, 2 if it cannot be; with `--gate`, that of the verdict.
    """
    from keywords.traceability.decision.verdict import EXIT_CODES  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # keeps `qa --help` fast

    matrix = build(register_at(register), run_of(output), rows_in(suites))
    decision = write(matrix, output.parent)
    typer.echo(f"{decision.verdict}: {output.parent / 'index.html'}")
    for reason in decision.reasons:
        typer.echo(reason)
    if gate:
        raise typer.Exit(EXIT_CODES[decision.verdict])


def write(matrix: Matrix, results: Path) -> Decision:
    """Judge a matrix, compare it with the last run, and write the page into the results."""
    from keywords.traceability.allure.environment import commit  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.decision import changes, criteria, page, verdict  # noqa: PLC0415  # as above
    from keywords.traceability.decision.figures import read_figures  # noqa: PLC0415  # as above
    from keywords.traceability.decision.measurements import measurements_of  # noqa: PLC0415  # as above
    from keywords.traceability.history.store import FILE, HistoryError  # noqa: PLC0415  # keeps `qa --help` fast

    day = today()
    # What `qa load` and `qa eval` measured for a release lies in the results of the project.
    measured = measurements_of(matrix, *([results_folder()] if matrix.run.joined else []))
    decision = verdict.decide(matrix, criteria.judge_criteria(matrix, measured, day), commit())
    history = results / FILE
    try:
        changed: changes.Changes | str = changes.compare(history, matrix)
        changes.remember(history, matrix, decision.verdict)
    except HistoryError as err:
        changed = str(err)
        typer.echo(changed, err=True)
    project = matrix.register.path.resolve().parents[2]
    try:
        series, model = page.judged_series(matrix), matrix.run.metadata.get("Model", "")
        figures = read_figures(measured.files, series=series, model=model)
        page.write_summary(matrix, decision, changed, figures, results, project=project, today=day)
    except OSError as err:
        exit_unusable(f"{results}: the summary cannot be written: {err.strerror}; give the run another folder")
    return decision
