"""`qa run`: one run of the suites from the first row to the last page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS, remove_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RESULTS = Path("results")
NO_ROWS_RUN = 252
"""Robot's exit codes from here on mean that no report was written (bad data, help, stopped, crashed)."""


@dataclass(frozen=True, slots=True)
class Step:
    """What follows the run: a title, and a command whose exit code counts.

    Attributes:
        title: what is made, for the closing list.
        page: the file that the step leaves; None for a check.
        arguments: of the `qa` command.
    """

    title: str
    page: Path | None
    arguments: tuple[str, ...]


def run_suites(robot_arguments: Sequence[str], *, results: Path = RESULTS, say: Callable[[str], None] = print) -> int:
    """Run the suites, then make every page that the run allows, also after failed rows or Ctrl-C.

    Args:
        robot_arguments: passed on to `robot`; empty means all of `suites` but the nightly rows.
        results: where everything is written.
        say: prints one line.

    Returns:
        Robot's exit code if it is not 0, else that of the first later step that failed.
    """
    remove_all(results)
    # Allure shows the lines of the log as steps up to this number, and as an attachment to each keyword beyond it.
    environment = {**os.environ, "ALLURE_MAX_STEP_MESSAGE_COUNT": "50"}
    command = [sys.executable, "-m", "robot", "--outputdir", str(results), "--xunit", "xunit.xml"]
    command += ["--listener", f"allure_robotframework:{results / ALLURE_RESULTS}"]
    command += ["--prerunmodifier", "keywords.hooks.modifier.RegisterModifier"]
    with _interrupts_left_to_the_child():
        command += robot_arguments or ["--exclude", "nightly", "suites"]
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
        if code >= NO_ROWS_RUN:
            return code
        codes = [(step, _qa(step.arguments)) for step in _steps(results, whole=not robot_arguments)]
    say("")
    for title, page in _pages(results):
        if page.exists():
            say(f"{title:<20}{page}")
    failed = [(step, failure) for step, failure in codes if failure]
    for step, failure in failed:
        say(f"{step.title} ended with exit code {failure}: its message stands above")
    return code or next((failure for _, failure in failed), 0)


def _steps(results: Path, *, whole: bool) -> Sequence[Step]:
    output = str(results / "output.xml")
    # A run of some rows says nothing of the others, so that it is not held against all of them.
    run = ("--output", output) if whole else ()
    return (
        Step("Requirement matrix", results / "matrix" / "index.html", ("matrix", "--output", output)),
        Step("Allure report", results / "allure" / "index.html", ("allure", "--output", output, "--if-possible")),
        Step("Traceability check", None, ("check", *run)),
    )


def _pages(results: Path) -> Sequence[tuple[str, Path]]:
    made = [(step.title, step.page) for step in _steps(results, whole=True) if step.page]
    robot = [("Robot report", "report.html"), ("Robot log", "log.html"), ("JUnit XML", "xunit.xml")]
    return [*made, *((title, results / name) for title, name in robot), ("Evidence", results / "evidence")]


def _qa(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "keywords.qa.cli", *arguments], check=False).returncode  # noqa: S603


@contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
    """Ctrl-C reaches the whole group: Robot ends its row and its world, and this process goes on to the pages."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
