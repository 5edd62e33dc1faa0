"""The command line of `qa run`, read as Robot reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.conf import RobotSettings
from robot.errors import DataError, Information
from robot.run import RobotFramework

from keywords.qa.project import project_folder, results_folder
from keywords.traceability.evidence.earlier_run import FILES, FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keywords.qa.progress import Kind

OUTPUT = "output.xml"
SUITES = Path("suites")
_IN_ONE_PROCESS = ("dryrun", "exitonfailure", "exitonerror", "randomize", "debugfile")
"""Options of Robot that mean one order of all rows, or one file."""


class RunError(Exception):
    """The run cannot start with these arguments; the message is the reason with its remedy."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a command line asks for.

    Attributes:
        options: the options of Robot, by their long names.
        sources: the paths of the suites.
        settings: the options as Robot understands them.
        results: the folder for all output.
        project: the folder with `suites` and the register.
        whole: whether the run is of all regular rows.
        read: files of an earlier run in `results` that Robot still reads.
    """

    options: dict[str, Any]
    sources: tuple[str, ...]
    settings: RobotSettings
    results: Path
    project: Path
    whole: bool
    read: tuple[Path, ...] = ()

    @property
    def progress(self) -> Kind:
        """What the console shows; Robot's own default, each row, only if it is asked for."""
        if not {"console", "quiet"} & self.options.keys():
            return "progress"
        kinds: dict[str, Kind] = {"verbose": "verbose", "quiet": "quiet", "none": "none"}
        return kinds.get(str(self.settings.console).lower(), "progress")

    @property
    def option_for_one_process(self) -> str:
        """The option for which the rows must run in one process, one after the other; empty if there is none."""
        return next((f"--{name}" for name in _IN_ONE_PROCESS if self.options.get(name)), "")


def read_command_line(arguments: Sequence[str], **fixed: str) -> CommandLine | None:
    """What the arguments ask for; None if they ask for Robot's help or version only.

    Args:
        arguments: of `qa run`; empty means all of `suites` without the nightly rows, options alone all of `suites`.
        fixed: options of Robot that the run needs, by their long names.

    Raises:
        RunError: Robot would refuse them, or the run would remove what is no output of an earlier one.
        NoProjectError: no project is around the working folder, and none is installed.
    """
    project = project_folder()
    given = tuple(arguments) or ("--exclude", "nightly", str(project / SUITES))
    try:
        given, options, sources = _parse(given, str(project / SUITES))
        options = {name: value for name, value in options.items() if value not in (None, [])}
        options = {"outputdir": str(results_folder()), **options, **fixed}
        settings = RobotSettings(options)
        settings.suite_config  # noqa: B018  # reads the earlier output that `--rerunfailed` names
    except Information:
        return None
    except DataError as error:
        raise RunError(error.message) from error
    results = Path(options["outputdir"])
    if problem := _problem_of_places(settings, sources, results):
        raise RunError(problem)
    named = [*_texts(options.values()), *sources, *_argument_files(given)]
    inputs = {path for text in named for path in _paths(text) if path.is_relative_to(results.resolve())}
    removed = {(results / name).resolve() for name in FOLDERS}
    for path in sorted(inputs):
        if removed & {path, *path.parents} and path.exists():
            raise RunError(f"{path} lies in a folder that the run empties before it begins: copy it elsewhere first")
    read = tuple(results / name for name in FILES if (results / name).resolve() in inputs)
    return CommandLine(options, tuple(sources), settings, results, project, whole=not arguments, read=read)


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
            f"the run empties folders such as evidence and work in its output folder, and {inside} lies there: "
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
