"""`qa recover`: pages of a run that was killed, from what its rows left as they ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of
from keywords.qa.project import RegisterPath, SuitesPath, results_folder
from keywords.qa.summary import write
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    import robot.result

    from keywords.traceability.results import Result, Run


def recover(
    register: RegisterPath,
    suites: SuitesPath,
    results: Annotated[Path | None, typer.Argument(help="The folder of the killed run.")] = None,
) -> None:
    """Make output.xml, log, report, matrix and summary of a run that was killed, from the evidence of its rows.

    Rows that had not ended count as not run, so that the run has no verdict. Exit code 2 if there is nothing to
    recover. Example: `qa recover results`.
    """
    from robot.reporting import ResultWriter  # noqa: PLC0415  # Robot takes a while to import

    from keywords.qa.combine import save  # noqa: PLC0415  # Robot takes a while to import
    from keywords.traceability.evidence.left_behind import NothingLeftError, read_left_behind  # noqa: PLC0415  # as above
    from keywords.traceability.matrix.files import write_matrix  # noqa: PLC0415  # as above
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # as above
    from keywords.traceability.results import OutputError, read_output  # noqa: PLC0415  # as above
    from keywords.traceability.xunit import add_requirements  # noqa: PLC0415  # as above

    folder = results or results_folder()
    output = folder / "output.xml"
    try:
        read_output(output)
    except OutputError:
        pass
    else:
        exit_unusable(f"{output} is whole: there is nothing to recover; `qa matrix` and `qa summary` make its pages")
    try:
        left = read_left_behind(folder)
    except NothingLeftError as err:
        exit_unusable(err)
    save(_as_robot_writes(left), output)
    pages = {"log": "log.html", "report": "report.html", "xunit": "xunit.xml"}
    ResultWriter(str(output)).write_results(outputdir=str(folder), stdout=None, loglevel="INFO", **pages)
    add_requirements(folder / "xunit.xml", [result.row for result in left.results])
    matrix = build(register_at(register), run_of(output), rows_in(suites))
    write_matrix(matrix, folder / "matrix")
    decision = write(matrix, folder)
    ended = sum(bool(result.started) for result in left.results)
    typer.echo(f"{folder / 'index.html'}: {ended} of {len(left.results)} rows had ended")
    typer.echo(f"{decision.verdict}: {decision.reasons[0]}")


def _as_robot_writes(run: Run) -> robot.result.Result:
    from robot.result import Result as RobotResult  # noqa: PLC0415  # Robot takes a while to import
    from robot.result import TestSuite  # noqa: PLC0415  # as above

    root = TestSuite(name=run.results[0].row.suite.split(".")[0] if run.results else "Suites")
    root.metadata.update(run.metadata)
    suites: dict[str, TestSuite] = {root.name: root}
    for result in run.results:
        _add(_suite(result.row.suite, suites), result)
    root.start_time = datetime.fromisoformat(run.started) if run.started else datetime.now()  # noqa: DTZ005  # Robot's times are local
    root.elapsed_time = timedelta(seconds=run.elapsed_s)
    return RobotResult(suite=root, rpa=False)


def _suite(name: str, suites: dict[str, robot.result.TestSuite]) -> robot.result.TestSuite:
    """The suite of a full name, made with those around it; names of suites hold no dots of their own here."""
    if name not in suites:
        parent, _, own = name.rpartition(".")
        suites[name] = _suite(parent, suites).suites.create(name=own)
    return suites[name]


def _add(suite: robot.result.TestSuite, result: Result) -> None:
    from keywords.traceability.results import EVIDENCE, KNOWN_AS  # noqa: PLC0415  # as above

    status = "SKIP" if result.known_as else result.status
    message = f"KNOWN {result.known_as}: {result.message}" if result.known_as else result.message
    test = suite.tests.create(name=result.row.name, tags=result.row.tags, status=status, message=message)
    test.elapsed_time = timedelta(seconds=result.elapsed_s)
    if result.started:
        test.start_time = datetime.fromisoformat(result.started)
        # A row without an executed step counts as not run.
        test.body.create_keyword(name="Recovered from evidence", status=status, start_time=test.start_time)
    if result.evidence:
        test.metadata[EVIDENCE] = f"[{result.evidence}|recovered]"
    if result.known_as:
        test.metadata[KNOWN_AS] = result.known_as
