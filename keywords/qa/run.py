"""`qa run`: a run of the suites, and all its pages."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.conf import RobotSettings
from robot.errors import DataError, Information
from robot.run import RobotFramework

from keywords.engine.processes.bytecode import keep_bytecode
from keywords.hooks.modifier import REGISTER
from keywords.qa.closing import closing_lines
from keywords.qa.durations import DurationsError, duration_lines, read_durations, take_count
from keywords.qa.project import NoProjectError, project_folder, results_folder
from keywords.qa.signals import passing_signals_on
from keywords.run.output_lock import FolderInUseError, lock_folder
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS, FILES, FOLDERS, remove_all
from keywords.traceability.results import OutputError, read_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

OUTPUT = "output.xml"
SUITES = Path("suites")
NO_VERDICT = 2
_QA = (sys.executable, "-m", "keywords.qa.cli")
MOST_FAILED = 250
"""Highest exit code of Robot for failed rows; more of them count as these."""
NO_ROWS_RUN = 252
"""Lowest exit code of Robot without a report (bad data, help, stopped, crashed)."""


class RunError(Exception):
    """The run cannot start with these arguments; the message is the reason with its remedy."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step after the run: a `qa` command whose exit code counts.

    Attributes:
        title: its name in the closing list.
        page: the file that it writes; None for a check.
        arguments: arguments of the `qa` command.
    """

    title: str
    page: Path | None
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command line asks for.

    Attributes:
        arguments: the arguments of `robot` that the user gave, or those that stand for none.
        results: the folder for all output.
        project: the folder with `suites` and the register.
        whole: whether the run is of all regular rows.
        read: files of an earlier run in `results` that Robot still reads.
    """

    arguments: tuple[str, ...]
    results: Path
    project: Path
    whole: bool
    read: tuple[Path, ...] = ()


def run_suites(robot_arguments: Sequence[str], *, echo: Callable[[str], None] = print) -> int:
    """Run the suites, then write all pages, also after failed rows or Ctrl-C.

    Args:
        robot_arguments: passed on to `robot`; empty means all of `suites` without the nightly rows, and options alone
            mean all of `suites`: those of the project around the working folder, else those of this installation.
            With `--outputdir`, all output goes there, else to the `results` of the project around the working folder,
            or of the working folder itself. `--durations [N]` is not passed on: it shows the N longest rows, setups and
            teardowns after the run.
        echo: prints one line.

    Returns:
        Robot's exit code if it is not 0; else 2 if the run gives no verdict, or the exit code of the first failed step.
    """
    try:
        durations_shown, robot_arguments = take_count(robot_arguments)
        plan = _plan(robot_arguments)
        if plan is None:
            return _robot(tuple(robot_arguments), subprocess.call)
        lock_folder(plan.results, lends=True)
        remove_all(plan.results, keep=plan.read)
    except (RunError, NoProjectError, FolderInUseError, DurationsError, OSError) as error:
        sys.stderr.write(f"qa run: {error}\n")
        return NO_ROWS_RUN
    # Allure shows up to this many of a keyword's log lines as steps, and more lines as an attachment.
    environment = {"ALLURE_MAX_STEP_MESSAGE_COUNT": "50"}
    options = ["--outputdir", str(plan.results), "--xunit", "xunit.xml"]
    options += ["--listener", f"allure_robotframework:{plan.results / ALLURE_RESULTS}"]
    options += ["--prerunmodifier", "keywords.hooks.modifier.RegisterModifier"]
    keep_bytecode()
    # Robot ends its rows after a signal, and the pages show them.
    with passing_signals_on() as handler:
        code = _robot((*options, *plan.arguments), handler.call, environment)
        if code >= NO_ROWS_RUN:
            return code
        try:
            lock_folder(plan.results)  # Robot released it
        except (FolderInUseError, OSError) as error:
            sys.stderr.write(f"qa run: the rows have run, and their pages cannot be made: {error}\n")
            return code or NO_VERDICT
        codes = [(step, handler.call([*_QA, *step.arguments])) for step in _steps(plan)]
    echo("")
    for title, page in _pages(plan):
        if page.exists():
            echo(f"{title:<20}{page}")
    for line in closing_lines(plan.results / "matrix" / "matrix.json"):
        echo(line)
    _show_durations(plan.results / OUTPUT, durations_shown, echo)
    failed = [(step, failure) for step, failure in codes if failure]
    for step, failure in failed:
        echo(f"{step.title} ended with exit code {failure}: its message stands above")
    unproven, idle, softened = _shortcomings(plan.results / OUTPUT)
    if unproven:
        echo(f"No verdict: {unproven}")
    code = code or min(softened, MOST_FAILED)
    return code or (NO_VERDICT if unproven else next((failure for _, failure in failed), NO_VERDICT if idle else 0))


def _show_durations(output: Path, count: int | None, echo: Callable[[str], None]) -> None:
    if count is None:
        return
    try:
        shown = duration_lines(read_durations(output), count)
    except DurationsError as error:
        shown = [str(error)]
    for line in ("", *shown):
        echo(line)


def _plan(arguments: Sequence[str]) -> Plan | None:
    """What the arguments ask for, read as Robot reads them; None if they ask for help or the version only.

    Raises:
        RunError: Robot would refuse them, or the run would remove what is no output of an earlier one.
        NoProjectError: no project is around the working folder, and none is installed.
    """
    project = project_folder()
    given = tuple(arguments) or ("--exclude", "nightly", str(project / SUITES))
    try:
        given, options, sources = _parse(given, str(project / SUITES))
        settings = RobotSettings({name: value for name, value in options.items() if value not in (None, [])})
        settings.suite_config  # noqa: B018  # reads the earlier output that `--rerunfailed` names
    except Information:
        return None
    except DataError as error:
        raise RunError(error.message) from error
    results = Path(options.get("outputdir") or results_folder())
    if problem := _problem_of_places(settings, sources, results):
        raise RunError(problem)
    named = [*_texts(options.values()), *sources, *_argument_files(given)]
    inputs = {path for text in named for path in _paths(text) if path.is_relative_to(results.resolve())}
    removed = {(results / name).resolve() for name in FOLDERS}
    for path in sorted(inputs):
        if removed & {path, *path.parents} and path.exists():
            raise RunError(f"{path} lies in a folder that the run empties before it begins: copy it elsewhere first")
    read = tuple(results / name for name in FILES if (results / name).resolve() in inputs)
    return Plan(given, results, project, whole=not arguments, read=read)


def _problem_of_places(settings: RobotSettings, sources: Sequence[str], results: Path) -> str:
    """Why the run must not begin with these sources, this output file and this folder; empty if it may."""
    if missing := next((source for source in sources if not Path(source).exists()), None):
        return f"there is no {missing}: name a file or folder of suites"
    if settings.output != settings.output_directory / OUTPUT:
        return (
            f"the pages are made from {OUTPUT}: leave out --output and --timestampoutputs, and choose a folder by "
            f"--outputdir"
        )
    inside = next(
        (path for path in (Path.cwd(), *map(Path, sources)) if path.resolve().is_relative_to(results.resolve())), None
    )
    if inside:
        return (
            f"the run empties folders such as evidence and children in its output folder, and {inside} lies there: "
            f"choose a folder of its own by --outputdir"
        )
    return ""


def _parse(arguments: tuple[str, ...], suites: str) -> tuple[tuple[str, ...], dict[str, Any], list[str]]:
    """The arguments with the suites if they name no path, and what Robot reads in them: options and paths.

    Raises:
        DataError: Robot refuses them.
    """
    try:
        return arguments, *RobotFramework().parse_arguments(list(arguments))
    except DataError as error:
        try:
            return (*arguments, suites), *RobotFramework().parse_arguments([*arguments, suites])
        except DataError:
            raise error from None


def _texts(values: object) -> Iterator[str]:
    if isinstance(values, (str, Path)):
        yield str(values)
    elif hasattr(values, "__iter__"):
        for value in values:
            yield from _texts(value)


def _paths(text: str) -> Iterator[Path]:
    """The paths that an argument may name: as a whole, or as a part between colons, semicolons and `=`."""
    parts = text.replace(";", ":").replace("=", ":").split(":")
    for part in (text, *parts):
        if part and "\0" not in part:
            yield Path(part).resolve()


def _argument_files(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments that may name an argument file: Robot replaces these by what they hold."""
    for argument in arguments:
        yield argument.removeprefix("-A")


def _shortcomings(output: Path) -> tuple[str, str, int]:
    """Why the run gives no verdict, why it proves nothing although nothing stopped it, and its softened failures.

    The reasons are empty if they do not hold. Softened are the failed rows that Robot counts as skipped.
    """
    try:
        run = read_output(output)
    except OutputError as error:
        return str(error), "", 0
    return run.interruption, run.idleness, sum(result.is_softened for result in run.results)


def _steps(plan: Plan) -> Sequence[Step]:
    output, results = ("--output", str(plan.results / OUTPUT)), plan.results
    rows = ("--register", str(plan.project / REGISTER), "--suites", str(plan.project / SUITES))
    matrix, allure = results / "matrix", results / "allure"
    staged = ("--results", str(results / ALLURE_RESULTS))
    return (
        Step("Requirement matrix", matrix / "index.html", ("matrix", *output, "--to", str(matrix), *rows)),
        Step(
            "Allure report", allure / "index.html", ("allure", *output, *staged, "--to", str(allure), "--if-possible")
        ),
        # A run of selected rows is not checked for the others.
        Step("Traceability check", None, ("check", *(output if plan.whole else ()), *rows)),
    )


def _pages(plan: Plan) -> Sequence[tuple[str, Path]]:
    made = [(step.title, step.page) for step in _steps(plan) if step.page]
    robot = [("Robot report", "report.html"), ("Robot log", "log.html"), ("JUnit XML", "xunit.xml")]
    return [*made, *((title, plan.results / name) for title, name in robot), ("Evidence", plan.results / "evidence")]


def _robot(arguments: Sequence[str], call: Callable[..., int], environment: dict[str, str] | None = None) -> int:
    return call([sys.executable, "-m", "robot", *arguments], env={**os.environ, **(environment or {})})
