"""`qa`: what there is to do before and after a run of the suites."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from keywords.traceability.allure.report import report

if TYPE_CHECKING:
    from keywords.traceability.register.requirements import Register
    from keywords.traceability.results import Run
    from keywords.traceability.rows import Row

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command("allure")(report)

RegisterPath = Annotated[Path, typer.Option("--register", help="The register of requirements.")]
SuitesPath = Annotated[Path, typer.Option("--suites", help="The folder that holds all rows.")]

REGISTER = Path("resources/register/requirements.yaml")
SUITES = Path("suites")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run the suites, then write every page: log, report, JUnit, matrix, Allure.

    Everything after `run` goes to `robot`; nothing means all of `suites` but the nightly rows.
    Example: `qa run --include smoke suites`.
    """
    from keywords.qa.run import run_suites  # noqa: PLC0415  # keeps `qa --help` fast

    raise typer.Exit(run_suites(context.args))


@app.command()
def alone(
    names: Annotated[
        list[str] | None, typer.Argument(help="Suites, such as `limits.rates`; they are drawn if none is named.")
    ] = None,
    suites: SuitesPath = SUITES,
    seed: Annotated[int | None, typer.Option(help="Draws the same suites again; it is shown if left out.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many suites are drawn.")] = 5,
    to: Annotated[Path, typer.Option(help="The folder for the output of all runs.")] = Path("results/alone"),
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
        for one in comparison.compare(suites, chosen, to, typer.echo):
            compared.append(one)  # noqa: PERF402  # results before an error are shown too
    except comparison.AloneError as err:
        _exit_unusable(err)
    finally:
        if compared:
            typer.echo("\n" + "\n".join(comparison.table(compared)))
    if any(one.differs for one in compared):
        raise typer.Exit(1)
    if comparison.inconclusive(compared):
        raise typer.Exit(3)


@app.command()
def defects(
    names: Annotated[list[str] | None, typer.Argument(help="Defects by name; all of them if none is named.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the defects, and run nothing.")] = False,  # noqa: FBT002
    jobs: Annotated[int, typer.Option(min=1, help="Runs at the same time, each with a gateway of its own.")] = 2,
    suites: SuitesPath = SUITES,
    to: Annotated[Path, typer.Option(help="The folder for the output of all runs.")] = Path("results/defects"),
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
    if code := command.defects(names or (), suites, to, jobs=jobs, echo=typer.echo):
        raise typer.Exit(code)


@app.command()
def docs(to: Annotated[Path, typer.Option(help="The folder for the pages.")] = Path("results/keywords")) -> None:
    """Write one page for each keyword library and resource, and an index of them all."""
    from keywords.qa.docs import write_documentation  # noqa: PLC0415  # Robot takes a while to import

    for page in write_documentation(to):
        typer.echo(str(page))


@app.command()
def matrix(
    output: Annotated[Path, typer.Option(help="The output.xml of the run to show.")] = Path("results/output.xml"),
    to: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("results/matrix"),
    register: RegisterPath = REGISTER,
    suites: SuitesPath = SUITES,
) -> None:
    """Write the requirement matrix of a run: a page, Markdown, CSV and JSON."""
    from keywords.traceability.matrix.files import summary, write_matrix  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.matrix.table import build  # noqa: PLC0415  # keeps `qa --help` fast

    built = build(_register(register), _run(output), _rows(suites))
    for path in write_matrix(built, to):
        typer.echo(str(path))
    typer.echo(summary(built))


@app.command()
def check(
    output: Annotated[
        Path | None, typer.Option(help="The output.xml of a run of all rows; then that run is checked, too.")
    ] = None,
    register: RegisterPath = REGISTER,
    suites: SuitesPath = SUITES,
) -> None:
    """Fail if the way from a requirement to its evidence has a gap; one line for each finding.

    Exit code 1 if there are findings, 2 if the register, the suites or the output cannot be read.
    """
    from keywords.traceability import check as traceability  # noqa: PLC0415  # keeps `qa --help` fast

    known, rows = _register(register), _rows(suites)
    findings = traceability.row_findings(known, rows) + traceability.coverage_findings(known, rows)
    warnings: list[str] = []
    if output:
        run = _run(output)
        findings += traceability.run_findings(rows, run)
        warnings = traceability.skip_warnings(run)
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    for finding in findings:
        typer.echo(f"finding: {finding}", err=True)
    what = f"{len(known.requirements)} requirements, {len(rows)} rows{f', run {output}' if output else ''}"
    typer.echo(f"{what}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    if findings:
        raise typer.Exit(1)


def _register(path: Path) -> Register:
    from keywords.traceability.register.requirements import RegisterError, load_register  # noqa: PLC0415  # keeps `qa --help` fast

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


def _run(output: Path) -> Run:
    from keywords.traceability.results import OutputError, read_output  # noqa: PLC0415  # keeps `qa --help` fast

    try:
        return read_output(output)
    except OutputError as err:
        _exit_unusable(err)


def _exit_unusable(problem: Exception) -> NoReturn:
    typer.echo(str(problem), err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
