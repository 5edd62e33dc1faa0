"""`qa recover`: pages of a run that was killed, from what its processes and rows left."""

from __future__ import annotations

import shutil
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of
from keywords.qa.project import RegisterPath, SuitesPath, results_folder
from keywords.qa.summary import write
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from robot.result import Result as RobotResult

    from keywords.traceability.results import Run


def recover(
    register: RegisterPath,
    suites: SuitesPath,
    results: Annotated[Path | None, typer.Argument(help="The folder of the killed run.")] = None,
) -> None:
    """Make output.xml, log, report, matrix and summary of a run that was killed, `robot`'s or `qa run`'s.

    Rows that had not ended count as not run, so that the run has no verdict. An output.xml that is broken off stays as
    `output.broken.xml`. Exit code 2 if there is nothing to recover, or if a process of the run still works.
    Example: `qa recover results`.
    """
    from robot.errors import DataError  # noqa: PLC0415  # Robot takes a while to import

    from keywords.qa.processes import refuse_if_abandoned_parts_run  # noqa: PLC0415  # as above
    from keywords.qa.rows import PARTS  # noqa: PLC0415  # as above
    from keywords.run.output_lock import FolderInUseError, refuse_if_in_use  # noqa: PLC0415  # as above
    from keywords.traceability.results import OutputError, read_output  # noqa: PLC0415  # as above

    folder = results or results_folder()
    output = folder / "output.xml"
    try:
        refuse_if_in_use(folder)
        refuse_if_abandoned_parts_run(folder / PARTS)
        read_output(output)
    except FolderInUseError as err:
        exit_unusable(err)
    except OutputError:
        pass
    else:
        exit_unusable(f"{output} is whole: there is nothing to recover; `qa matrix` and `qa summary` make its pages")
    try:
        _write_output(_rebuilt(folder, folder / PARTS), output)
        shutil.rmtree(folder / PARTS, ignore_errors=True)
        _make_pages(output, register, suites)
    except DataError as err:
        exit_unusable(f"the parts in {folder / PARTS} cannot be put together: {err}")
    except OSError as err:
        exit_unusable(f"{folder}: the pages cannot be written: {err.strerror}; make room, and repeat the command")


def _rebuilt(folder: Path, parts: Path) -> RobotResult:
    """The output of the run, as Robot holds it."""
    from keywords.qa.rebuilding import from_evidence, from_parts  # noqa: PLC0415  # Robot takes a while to import
    from keywords.run.shared_run import read_plan  # noqa: PLC0415  # as above
    from keywords.traceability.evidence.left_behind import NothingLeftError, read_left_behind  # noqa: PLC0415  # as above

    try:
        plan = read_plan(parts)
    except (ValueError, KeyError, TypeError):  # its disk was full
        plan = None
    if plan is None:
        try:
            return from_evidence(read_left_behind(folder))
        except NothingLeftError as err:
            exit_unusable(err)
    try:
        left: Run | None = read_left_behind(folder)
    except NothingLeftError:
        left = None
    return from_parts(parts, plan, left)


def _write_output(result: RobotResult, output: Path) -> None:
    from keywords.qa.combine import save  # noqa: PLC0415  # Robot takes a while to import

    # A full disk must not cost the broken output, too.
    new = output.with_name("output.recovered.xml")
    try:
        save(result, new)
        if output.exists():
            output.replace(output.with_name("output.broken.xml"))
        new.replace(output)
    finally:
        new.unlink(missing_ok=True)


def _make_pages(output: Path, register: Path, suites: Path) -> None:
    from robot.reporting import ResultWriter  # noqa: PLC0415  # Robot takes a while to import

    from keywords.traceability.matrix.files import write_matrix  # noqa: PLC0415  # as above
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # as above
    from keywords.traceability.xunit import add_requirements  # noqa: PLC0415  # as above

    folder, run = output.parent, run_of(output)
    pages = {"log": "log.html", "report": "report.html", "xunit": "xunit.xml"}
    ResultWriter(str(output)).write_results(outputdir=str(folder), stdout=None, loglevel="INFO", **pages)
    add_requirements(folder / "xunit.xml", [result.row for result in run.results])
    matrix = build(register_at(register), run, rows_in(suites))
    write_matrix(matrix, folder / "matrix")
    decision = write(matrix, folder)
    ended = sum(not result.not_reached for result in run.results)
    typer.echo(f"{folder / 'index.html'}: {ended} of {len(run.results)} rows had ended")
    typer.echo(f"{decision.verdict}: {decision.reasons[0]}")
