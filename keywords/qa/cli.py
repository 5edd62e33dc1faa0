"""`qa`: what there is to do before and after a run of the suites."""

from __future__ import annotations

import secrets
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from keywords.qa import bugs
from keywords.qa.allure import report as allure_report
from keywords.qa.check import check
from keywords.qa.compare import compare
from keywords.qa.evaluation import options
from keywords.qa.exits import INCONCLUSIVE
from keywords.qa.load import comparing
from keywords.qa.load.importing import import_runs
from keywords.qa.load.options import load
from keywords.qa.matrix import matrix
from keywords.qa.merge import merge
from keywords.qa.project import SuitesPath, results_folder
from keywords.qa.recover import recover
from keywords.qa.report import report
from keywords.qa.review import review
from keywords.qa.scoreboard import scoreboard
from keywords.qa.summary import summary
from keywords.qa.tradeoff import tradeoff
from keywords.qa.unusable import exit_unusable

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(bugs.app, name="bugs")
app.add_typer(comparing.app, name="baseline")
app.command("allure")(allure_report)
app.command()(load)
app.command("import")(import_runs)
app.command("eval")(options.evaluate)
app.command()(options.score)
app.command()(options.replay)
app.command()(compare)
app.command()(matrix)
app.command()(check)
app.command()(merge)
app.command()(recover)
app.command()(report)
app.command()(review)
app.command()(scoreboard)
app.command()(summary)
app.command()(tradeoff)


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
        exit_unusable(err)
    finally:
        if compared:
            typer.echo("\n" + "\n".join(comparison.table(compared)))
    if any(one.differs for one in compared):
        raise typer.Exit(1)
    if comparison.inconclusive(compared):
        raise typer.Exit(INCONCLUSIVE)


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


if __name__ == "__main__":
    app()
