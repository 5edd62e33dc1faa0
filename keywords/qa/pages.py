"""The steps of `qa run` after the rows: its pages, and the check of the run."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import typer

from keywords.hooks.modifier import REGISTER
from keywords.qa.allure import report
from keywords.qa.check import check
from keywords.qa.command_line import OUTPUT, SUITES
from keywords.qa.matrix import matrix
from keywords.qa.summary import summary
from keywords.traceability.evidence.earlier_run import ALLURE_RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keywords.qa.command_line import CommandLine


@dataclass(frozen=True, slots=True)
class Step:
    """A step after the run: a `qa` command whose exit code counts.

    Attributes:
        title: its name in the closing list.
        page: the file that it writes; None for a check.
        command: the command with its arguments.
        waits: whether most of its time is another program's, so that other steps are done beside it.
        links: whether its page links those of the other steps, so that it comes after them.
    """

    title: str
    page: Path | None
    command: Callable[[], None]
    waits: bool = False
    links: bool = False


def make_pages(steps: Sequence[Step]) -> list[tuple[Step, int]]:
    """Do the steps, each whatever becomes of the others; return their exit codes.

    They share this process, as each would import the same for 0.2 s of CPU in one of its own.
    """
    with ThreadPoolExecutor() as aside:
        begun = [(step, aside.submit(_exit_code, step)) for step in steps if step.waits]
        codes = {step.title: _exit_code(step) for step in steps if not (step.waits or step.links)}
        codes |= {step.title: code.result() for step, code in begun}
    codes |= {step.title: _exit_code(step) for step in steps if step.links}
    return [(step, codes[step.title]) for step in steps]


def steps_after(line: CommandLine) -> Sequence[Step]:
    """The steps after a run of this command line."""
    output, results = line.results / OUTPUT, line.results
    register, suites = line.project / REGISTER, line.project / SUITES
    pages, allure = results / "matrix", results / "allure"
    return (
        Step("May we ship?", results / "index.html", partial(summary, output, register, suites), links=True),
        Step("Requirement matrix", pages / "index.html", partial(matrix, output, register, suites, pages)),
        Step(
            "Allure report",
            allure / "index.html",
            partial(report, output, results / ALLURE_RESULTS, allure, if_possible=True),
            waits=True,
        ),
        # A run of selected rows is not checked for the others.
        Step("Traceability check", None, partial(check, register, suites, output if line.whole else None)),
    )


def _exit_code(step: Step) -> int:
    try:
        step.command()
    except typer.Exit as end:
        return end.exit_code
    except Exception:  # noqa: BLE001  # a fault in one step must not keep the others from being done
        traceback.print_exc()
        return 1
    return 0
