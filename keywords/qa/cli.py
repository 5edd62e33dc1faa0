"""`qa`: what there is to do before and after a run of the suites."""

from __future__ import annotations

import secrets
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from keywords.qa.allure import report
from keywords.qa.project import OutputPath, RegisterPath, SuitesPath, results_folder

if TYPE_CHECKING:
    from keywords.traceability.register.register import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

EXIT_INCONCLUSIVE = 3

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command("allure")(report)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="How many processes share the rows at most; by the machine if left out."),
    ] = None,
) -> None:
    """Run the suites side by side, then write every page: log, report, JUnit, matrix, Allure.

    Everything after `run` goes to `robot`, but for `--durations [N]`: it shows the N (20 if left out) longest rows,
    setups and teardowns at the end. Nothing means all of `suites` but the nightly rows, and options alone mean
    all of `suites`. Output goes to the project's `results`, or where `--outputdir` says. Exit code: Robot's; if no row
    failed, 2 if they give no verdict, or that of the first page that could not be made.
    Examples: `qa run --include smoke`, `qa run --durations 5`.
    """
    from keywords.qa.run import run_suites  # noqa: PLC0415  # keeps `qa --help` fast

    raise typer.Exit(run_suites(context.args, most_processes=processes))


@app.command()
def alone(
    suites: SuitesPath,
    names: Annotated[
        list[str] | None, typer.Argument(help="Suites, such as `limits.rates`; they are drawn if none is named.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Draws the same suites again; it is shown if left out.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many suites are drawn.")] = 5,
    to: Annotated[
        Path | None, typer.Option(help="The folder for the output of all runs; in the results if left out.")
    ] = None,
) -> None:
    """Compare each row run by itself with the same row in its whole suite, for a few suites that are drawn.

    Nightly rows are left out. Exit code 0 if all rows end the same both ways, 1 if one does not, 2 if they could not be
    run, 3 if none passed. Example: `qa alone --seed 7 --count 2`.
    """
    from keywords.qa import alone as comparison  # noqa: PLC0415  # Robot takes a while to import

    seed = secrets.randbelow(10_000) if seed is None else seed
    compared: list[comparison.Compared] = []
    try:
        chosen = comparison.choose(suites, names=names or (), seed=seed, count=count)
        typer.echo(f"{'' if names else f'--seed {seed} draws '}{', '.join(chosen)}")
        for one in comparison.compare(suites, chosen, to or results_folder() / "alone", typer.echo):
            compared.append(one)  # noqa: PERF402  # results before an error are shown too
    except comparison.AloneError as err:
        _exit_unusable(err)
    finally:
        if compared:
            typer.echo("\n" + "\n".join(comparison.table(compared)))
    if any(one.differs for one in compared):
        raise typer.Exit(1)
    if comparison.inconclusive(compared):
        raise typer.Exit(EXIT_INCONCLUSIVE)


@app.command()
def defects(
    suites: SuitesPath,
    names: Annotated[list[str] | None, typer.Argument(help="Defects by name; all of them if none is named.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the defects, and run nothing.")] = False,  # noqa: FBT002
    jobs: Annotated[int, typer.Option(min=1, help="Runs at the same time, each with a gateway of its own.")] = 2,
    to: Annotated[
        Path | None, typer.Option(help="The folder for the output of all runs; in the results if left out.")
    ] = None,
) -> None:
    """Put one defect after the other before the suites, which know only an address, and see which row finds it.

    All of them together write docs/DETECTION.md. Exit code 0 if each is found by a row of a requirement that it
    violates, 1 if one is not, 2 if they could not be tried, 3 if rows fail without a defect or cannot tell.
    Example: `qa defects "tools ignored" "id constant"`.
    """
    from keywords.engine.defects.catalogue import CATALOGUE  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.qa.defects import command  # noqa: PLC0415  # keeps `qa --help` fast

    if show:
        for defect in CATALOGUE:
            typer.echo(f"{defect.name}: {defect.harm} ({', '.join(defect.requirements)})")
        return
    folder = to or results_folder() / "defects"
    if code := command.defects(names or (), suites, folder, jobs=jobs, echo=typer.echo):
        raise typer.Exit(code)


@app.command()
def docs(
    to: Annotated[Path | None, typer.Option(help="The folder for the pages; in the results if left out.")] = None,
) -> None:
    """Write one page for each keyword library and resource, and an index of them all."""
    from keywords.qa.docs import write_documentation  # noqa: PLC0415  # Robot takes a while to import

    for page in write_documentation(to or results_folder() / "keywords"):
        typer.echo(str(page))


@app.command()
def matrix(
    output: OutputPath,
    register: RegisterPath,
    suites: SuitesPath,
    to: Annotated[Path | None, typer.Option(help="The folder to write into; beside the output if left out.")] = None,
) -> None:
    """Write the requirement matrix of a run: a page, Markdown, CSV and JSON."""
    from keywords.traceability.matrix import head  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.files import write_matrix  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # keeps `qa --help` fast

    built = build(_register(register), _run(output), _rows(suites))
    folder = to or output.parent / "matrix"
    try:
        paths = write_matrix(built, folder)
    except OSError as err:
        _exit_unusable(f"{folder}: the matrix cannot be written: {err.strerror}; name another folder by --to")
    for path in paths:
        typer.echo(str(path))
    for line in (head.summary(built), *head.notes(built), head.exit_criteria(built)):
        typer.echo(line)


@app.command()
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
    from keywords.traceability import check as traceability  # noqa: PLC0415  # keeps `qa --help` fast

    known, rows, faults = _register(register), _rows(suites), _faults(suites)
    findings = faults + traceability.row_findings(known, rows) + traceability.coverage_findings(known, rows)
    unclear: list[str] = []
    run = _run(output) if output else None
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


def _register(path: Path) -> Register:
    from keywords.traceability.register.register import load_register  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.yaml_file import RegisterError  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return load_register(path)
    except RegisterError as err:
        _exit_unusable(err)


def _rows(suites: Path) -> list[Row]:
    from keywords.hooks.suite_model import read_rows  # noqa: PLC0415  # Robot takes a while to import

    try:
        return read_rows(suites)
    except ValueError as err:
        _exit_unusable(err)


def _faults(suites: Path) -> list[str]:
    from keywords.hooks.suite_files import file_findings  # noqa: PLC0415  # Robot takes a while to import

    return file_findings([suites])


def _run(output: Path) -> Run:
    from keywords.traceability.results import OutputError, read_output  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return read_output(output)
    except OutputError as err:
        _exit_unusable(err)


def _exit_unusable(problem: Exception | str) -> NoReturn:
    typer.echo(str(problem), err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
