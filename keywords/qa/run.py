"""`qa run`: a run of the suites, and all its pages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keywords.qa.closing import closing_lines
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS, remove_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RESULTS = Path("results")
NO_ROWS_RUN = 252
"""Lowest exit code of Robot without a report (bad data, help, stopped, crashed)."""


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


def run_suites(robot_arguments: Sequence[str], *, results: Path = RESULTS, echo: Callable[[str], None] = print) -> int:
    """Run the suites, then write all pages, also after failed rows or Ctrl-C.

    Args:
        robot_arguments: passed on to `robot`; empty means all of `suites` without the nightly rows.
        results: the folder for all output.
        echo: prints one line.

    Returns:
        Robot's exit code if it is not 0, else the exit code of the first failed step.
    """
    remove_all(results)
    # Allure shows up to this many of a keyword's log lines as steps, and more lines as an attachment.
    environment = {**os.environ, "ALLURE_MAX_STEP_MESSAGE_COUNT": "50"}
    command = [sys.executable, "-m", "robot", "--outputdir", str(results), "--xunit", "xunit.xml"]
    command += ["--listener", f"allure_robotframework:{results / ALLURE_RESULTS}"]
    command += ["--prerunmodifier", "keywords.hooks.modifier.RegisterModifier"]
    with _interrupts_only_robot():
        command += robot_arguments or ["--exclude", "nightly", "suites"]
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
        if code >= NO_ROWS_RUN:
            return code
        codes = [(step, _qa(step.arguments)) for step in _steps(results, whole=not robot_arguments)]
    echo("")
    for title, page in _pages(results):
        if page.exists():
            echo(f"{title:<20}{page}")
    for line in closing_lines(results / "matrix" / "matrix.json"):
        echo(line)
    failed = [(step, failure) for step, failure in codes if failure]
    for step, failure in failed:
        echo(f"{step.title} ended with exit code {failure}: its message stands above")
    return code or next((failure for _, failure in failed), 0)


def _steps(results: Path, *, whole: bool) -> Sequence[Step]:
    output = str(results / "output.xml")
    # A run of selected rows is not checked for the others.
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
def _interrupts_only_robot() -> Iterator[None]:
    """Leave Ctrl-C, which reaches the whole group, to Robot, so that this process still writes the pages."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
