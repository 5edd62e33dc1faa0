"""Refusal of a run, of a suite or of one row, in Robot's suite model.

Robot goes on after any exception in a listener. What must not run is therefore given an error of its own.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import escape

from keywords.hooks.modifier import report
from keywords.run.output_lock import FolderInUseError
from keywords.traceability.register.yaml_file import RegisterError
from keywords.traceability.results import NOT_STARTED

if TYPE_CHECKING:
    from robot import running

INIT = "__init__.robot"
DISAGREE = "the rows and the register disagree. The findings are among the errors of this run."
WITHOUT_INIT = (
    NOT_STARTED + "{init} provides the gateway, and Robot reads it only if its folder is named. Run "
    "`robot --suite {name} {folder}`."
)


class RunRefusedError(Exception):
    """The run must not start; the message is the reason with its remedy."""


def reason(error: Exception) -> str:
    """Why an exception stops a run, in a sentence; findings of the register are logged."""
    if isinstance(error, RegisterError):
        logger.error(report(error.problems))
        return DISAGREE
    if isinstance(error, (RunRefusedError, FolderInUseError)):
        return str(error)
    if isinstance(error, OSError):
        return (
            f"the evidence cannot be written: {error}. Give the run a folder that it may write to and that has room, "
            f"for example by --outputdir."
        )
    return f"the listener failed, so nothing would be checked or kept: {type(error).__name__}: {error}"


def stop(suite: running.TestSuite, why: str) -> None:
    """Let every row fail before its setup, in a dry run too."""
    suite.setup = suite.teardown = None
    for test in suite.tests:
        test.setup = test.teardown = None
        test.error = why
    for child in suite.suites:
        stop(child, why)


def stop_after(row: running.TestCase, why: str) -> None:
    """Let all rows after this one fail before their setup; suites that have begun still end with their teardowns."""
    begun = [row.parent]
    while begun[-1].parent:
        begun.append(begun[-1].parent)
    for suite in begun:
        for test in suite.tests:
            test.error = why
        for child in suite.suites:
            if child not in begun:
                stop(child, why)


def skip(test: running.TestCase, why: str) -> None:
    """Replace the row's steps by a skip."""
    test.setup = test.teardown = test.template = None
    test.body.clear()
    test.body.create_keyword("BuiltIn.Skip", args=[escape(why)])


def missing_init(suite: running.TestSuite) -> str:
    """The reason and the remedy if no suite file provides a gateway for a suite; empty if one does."""
    ancestry = [suite]
    while ancestry[-1].parent:
        ancestry.append(ancestry[-1].parent)
    # Robot keeps `..` in a path; two spellings of one folder must be equal.
    sources = [Path(os.path.normpath(one.source)) if one.source else None for one in ancestry]
    above = sources[0].parents if sources[0] else ()
    folder = next((folder for folder in above if (folder / INIT).is_file()), None)
    provided = any(one.has_setup for one in ancestry) or folder in sources
    if folder is None or provided or BuiltIn().dry_run_active:
        return ""
    # The root of a run of several paths is made up; `--suite` cannot select it.
    named = ancestry[-1] if ancestry[-1].source else suite
    return WITHOUT_INIT.format(init=relative(folder / INIT), name=shlex.quote(named.name), folder=relative(folder))


def relative(path: Path) -> str:
    """A path as a command line in the working folder names it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
