"""`qa run`: a run of the suites, and all its pages."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from keywords.engine.processes.bytecode import keep_bytecode
from keywords.qa import suite_seconds
from keywords.qa.closing import closing_lines
from keywords.qa.command_line import OUTPUT, RunError, read_command_line
from keywords.qa.durations import DurationsError, duration_lines, read_durations, take_count
from keywords.qa.pages import make_pages, steps_after
from keywords.qa.processes import MOST_FAILED, refuse_if_abandoned_parts_run
from keywords.qa.project import NoProjectError
from keywords.qa.rows import NO_OUTPUT, NO_VERDICT, PARTS, run_rows
from keywords.qa.signals import passing_signals_on
from keywords.run.output_lock import FolderInUseError, lock_folder
from keywords.traceability.evidence.earlier_run import remove_all
from keywords.traceability.evidence.row import begin_run
from keywords.traceability.results import OutputError, read_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keywords.qa.command_line import CommandLine


def run_suites(
    robot_arguments: Sequence[str], *, most_processes: int | None = None, echo: Callable[[str], None] = print
) -> int:
    """Run the suites, then write all pages, also after failed rows or Ctrl-C.

    Args:
        robot_arguments: passed on to `robot`; empty means all of `suites` without the nightly rows, and options alone
            mean all of `suites`: those of the project around the working folder, else those of this installation.
            With `--outputdir`, all output goes there, else to the `results` of the project around the working folder,
            or of the working folder itself. `--durations [N]` is not passed on: it shows the N longest rows, setups and
            teardowns after the run.
        most_processes: how many processes of Robot share the rows at most; by the machine if left out.
        echo: prints one line.

    Returns:
        Robot's exit code if it is not 0; else 2 if the run gives no verdict, or the exit code of the first failed step.
    """
    try:
        durations_shown, robot_arguments = take_count(robot_arguments)
        line = read_command_line(robot_arguments, xunit="xunit.xml")
        if line is None:
            return subprocess.call([sys.executable, "-m", "robot", *robot_arguments])  # noqa: S603
        lock_folder(line.results)
        refuse_if_abandoned_parts_run(line.results / PARTS)
        seconds = suite_seconds.read(line.results, line.project)
        remove_all(line.results, keep=line.read)
        begin_run(line.results)
    except (RunError, NoProjectError, FolderInUseError, DurationsError, OSError) as error:
        sys.stderr.write(f"qa run: {error}\n")
        return NO_OUTPUT
    keep_bytecode()
    # Robot ends its rows after a signal, and the pages show them.
    with passing_signals_on() as handler:
        outcome = run_rows(line, seconds, most_processes, handler)
        if not outcome.has_output:
            return outcome.code
        codes = make_pages(steps_after(line))
    echo("")
    for title, page in _pages(line):
        if page.exists():
            echo(f"{title:<20}{page}")
    for text in closing_lines(line.results / "matrix" / "matrix.json"):
        echo(text)
    _show_durations(line.results / OUTPUT, durations_shown, echo)
    failed = [(step, failure) for step, failure in codes if failure]
    for step, failure in failed:
        echo(f"{step.title} ended with exit code {failure}: its message stands above")
    for end in outcome.abnormal_ends:
        echo(end)
    unproven, idle, softened = _shortcomings(line.results / OUTPUT)
    if unproven:
        echo(f"No verdict: {unproven}")
    code = outcome.code or min(softened, MOST_FAILED)
    without_verdict = bool(unproven or outcome.abnormal_ends)
    of_step = next((failure for _, failure in failed), NO_VERDICT if idle else 0)
    return code or (NO_VERDICT if without_verdict else of_step)


def _show_durations(output: Path, count: int | None, echo: Callable[[str], None]) -> None:
    if count is None:
        return
    try:
        shown = duration_lines(read_durations(output), count)
    except DurationsError as error:
        shown = [str(error)]
    for line in ("", *shown):
        echo(line)


def _shortcomings(output: Path) -> tuple[str, str, int]:
    """Why the run gives no verdict, why it proves nothing although nothing stopped it, and its softened failures.

    The reasons are empty if they do not hold. Softened are the failed rows that Robot counts as skipped.
    """
    try:
        run = read_output(output)
    except OutputError as error:
        return str(error), "", 0
    return run.interruption, run.idleness, sum(result.is_softened for result in run.results)


def _pages(line: CommandLine) -> Sequence[tuple[str, Path]]:
    made = [(step.title, step.page) for step in steps_after(line) if step.page]
    robot = [("Robot report", "report.html"), ("Robot log", "log.html"), ("JUnit XML", "xunit.xml")]
    return [*made, *((title, line.results / name) for title, name in robot), ("Evidence", line.results / "evidence")]
