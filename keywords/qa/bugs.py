"""`qa bugs`: file a bug from evidence, and confirm that one is fixed."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keywords.qa.inputs import register_at, rows_in, run_of, today
from keywords.qa.project import RegisterPath, SuitesPath, project_folder, results_folder
from keywords.qa.unusable import exit_unusable

if TYPE_CHECKING:
    from keywords.traceability.register.bugs import Bug
    from keywords.traceability.results import Result

DAYS = 90
"""Days after which a new bug must be fixed or decided anew, if its reporter names no other number."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def new(
    register: RegisterPath,
    evidence: Annotated[Path, typer.Option("--from", help="The folder of a failed row's evidence.")],
    role: Annotated[str, typer.Option(help="The role in which you found it.")] = "quality",
    days: Annotated[int, typer.Option(min=1, help="Days until it must be fixed or decided anew.")] = DAYS,
) -> None:
    """Write the next bug's file, filled in from evidence; complete title, severity and priority, then commit it.

    Its row is KNOWN from then on. Exit code 2 if the folder holds no evidence of a failed row.
    Example: `qa bugs new --from results/evidence/a-stream-ends-1a2b3c`.
    """
    from keywords.traceability.bugs.draft import DraftError, Reporter, draft, next_id  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.register import BUGS  # noqa: PLC0415  # keeps `qa --help` fast

    known = register_at(register)
    id_ = next_id(known.bugs)
    reporter = Reporter(_person(), role, today(), today() + dt.timedelta(days=days))
    try:
        text = draft(evidence, id_, reporter, _shown(evidence))
    except DraftError as err:
        exit_unusable(err)
    path = register.parent / BUGS / f"{id_}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    # It may hold what the register refuses, such as an unknown role.
    register_at(register)
    typer.echo(f"{path}: complete its title, severity and priority, then commit it")


@app.command()
def differences(
    register: RegisterPath,
    target: Annotated[str, typer.Argument(help="The name of the server's file, such as litellm.")],
    output: Annotated[Path, typer.Option("--from", help="The output.xml of a run attached to the server.")],
    name: Annotated[str, typer.Option(help="How people call the server.")],
    version: Annotated[str, typer.Option(help="The version that was looked at.")],
    start: Annotated[str, typer.Option(help="The command that started it.")],
) -> None:
    """Write the known differences of a foreign server from a run attached to it: one for each row that failed.

    Read each, then commit the file. From then on `robot -v GATEWAY_URL:… -v KNOWN_DIFFERENCES:litellm` is green where
    nothing changed. Run it without KNOWN_DIFFERENCES to write the file anew.
    """
    from keywords.traceability.bugs.draft import draft_differences  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.differences import FOLDER, load_target  # noqa: PLC0415  # keeps `qa --help` fast

    run = run_of(output)
    path = register.parent / FOLDER / f"{target}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(draft_differences(run, name, version, start, today()), encoding="utf-8", newline="\n")
    typer.echo(f"{path}: {len(load_target(register, target).differences)} differences; read each, then commit them")


@app.command()
def confirm(
    register: RegisterPath,
    suites: SuitesPath,
    bug: Annotated[str, typer.Argument(help="The id of a bug whose rows seem to pass.")],
    times: Annotated[int, typer.Option(min=1, help="How many times each row must pass.")] = 3,
) -> None:
    """Run the rows of a bug again, and propose its next status if all of them pass each time.

    An open bug is then to await confirmation by a whole run, a fixed one to be closed. The proposal is a patch for
    `git apply` in `results/proposed/`. Exit code 1 if a row fails, 2 if one does not run.
    """
    from keywords.traceability.bugs.proposal import propose  # noqa: PLC0415  # keeps `qa --help` fast
    from keywords.traceability.register.register import BUGS  # noqa: PLC0415  # keeps `qa --help` fast

    known = register_at(register).bugs.get(bug)
    if known is None:
        exit_unusable(f"{register.parent / BUGS} holds no {bug}: name a bug of the register")
    ended = _run_rows(known, suites, times)
    passed = sum(_passed(result, bug) for result in ended)
    typer.echo(f"{bug}: its rows passed {passed} of {len(ended)} times")
    if any(result.status == "SKIP" and not result.known_as for result in ended) or not ended:
        exit_unusable(f"the rows of {bug} do not run here: {ended[0].message if ended else 'no row has these names'}")
    if passed < len(ended):
        raise typer.Exit(1)
    status = "awaiting confirmation" if known.is_open else "closed"
    note = f"its rows passed {passed} of {len(ended)} times"
    file = (register.parent / BUGS / f"{bug}.yaml").resolve()
    typer.echo(f"git apply {propose(file, status, note, by=_person(), on=today(), to=results_folder())}")  # type: ignore[arg-type]


def _run_rows(bug: Bug, suites: Path, times: int) -> list[Result]:
    """How the rows of a bug ended in some runs."""
    from keywords.traceability.bugs.known import names_row  # noqa: PLC0415  # keeps `qa --help` fast

    rows = [row for row in rows_in(suites) if any(names_row(written, row) for written in bug.rows)]
    patterns = [word for row in rows for word in ("--test", row.pattern)]
    ended: list[Result] = []
    for number in range(1, times + 1) if rows else ():
        folder = results_folder() / "confirm" / str(number)
        command = [sys.executable, "-m", "robot", "--outputdir", str(folder), "--console", "quiet", *patterns]
        subprocess.run([*command, str(suites)], check=False, cwd=Path.cwd())  # noqa: S603  # this project's rows
        ended += run_of(folder / "output.xml").results
    return ended


def _passed(result: Result, bug: str) -> bool:
    """Whether a row passed; the run made a failure of it if its bug is open."""
    return result.status == "PASS" or (result.status == "FAIL" and result.message.startswith(f"{bug} seems fixed"))


def _person() -> str:
    """Who works here: the name that Git knows, else that of the account."""
    try:
        command = ["git", "config", "user.name"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    except OSError:
        found = ""
    return found or getpass.getuser()


def _shown(path: Path) -> str:
    """A path as the project's files name it."""
    return Path(os.path.relpath(path, project_folder())).as_posix()
