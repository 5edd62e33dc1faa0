"""Listeners of a process that shares a run with others: one claims suites, the other tells what ended.

`qa run` gives them to Robot.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import psutil
from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from keywords.hooks.cleaning import AFTER_ALL, BEFORE_ALL
from keywords.hooks.robot_settings import flush_output
from keywords.hooks.stopping import reason, stop, stop_after
from keywords.hooks.suite_model import row_of
from keywords.run.shared_run import Plan, PlannedSuite, write_plan
from keywords.traceability.results import EVIDENCE, NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from robot import result, running

    from keywords.run.shared_run import Part

QUIET = "quiet-machine"
"""Need of a row that measures time or CPU, so that its suite runs while no other does."""
_natural_ids: dict[str, str] = {}
"""Ids of suites in the log of the whole run, by the ids that they have in the order of this process."""
_ABANDONED = NOT_STARTED + "`qa run`, which makes one output of all processes, was killed."


def listeners_of(part: Part) -> list[object]:
    """The listeners that Robot needs in a process that shares a run."""
    return [ClaimingListener(part), EventListener(part)]


def log_id(row: running.TestCase) -> str:
    """The id of a row in Robot's log of the whole run."""
    suite = str(row.parent.id)
    return _natural_ids.get(suite, suite) + str(row.id).removeprefix(suite)


class ClaimingListener:
    """Takes the suites out of the run that another process runs, or that belong to another stage of it.

    It acts after secrets are known, and before any other listener.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = BEFORE_ALL - 1

    def __init__(self, part: Part) -> None:
        self._part = part
        self._ids: dict[int, str] = {}
        self._quiet: set[str] = set()
        self._defers_quiet = False
        self._gives_up = False

    def start_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:  # noqa: ARG002  # Robot's signature
        """At first plan the run and put the longest suites first; then decide about the first suite within."""
        if not data.parent:
            try:
                self._plan(data)
            except Exception as error:  # noqa: BLE001  # Robot would go on, and run all suites in each process
                why = reason(error)
                logger.error(why)
                stop(data, NOT_STARTED + why)
                return
            self._decide(data)
        if data.suites:
            self._decide(data.suites[0])

    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:  # noqa: ARG002  # Robot's signature
        """Keep its rows from a kill, and decide about the suite after this one."""
        flush_output()
        siblings = list(data.parent.suites) if data.parent else [data]
        after = siblings.index(data) + 1
        if after < len(siblings):
            self._decide(siblings[after])

    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Keep the rows before this one from a kill, and stop if nobody is there to make an output of them."""
        flush_output()
        # In an environment of its own, Python for Windows starts itself once more: the parent is no parent there.
        is_orphan = sys.platform != "win32" and os.getppid() != self._part.parent
        if is_orphan or not psutil.pid_exists(self._part.parent):
            data.error = _ABANDONED
            stop_after(data, _ABANDONED)

    def end_keyword(self, data: running.Keyword, result: result.Keyword) -> None:  # noqa: ARG002  # Robot's signature
        """Leave the suites to the other processes if this one has no gateway: all rows would fail for that."""
        if result.type == "SETUP" and result.failed and result.parent.parent is None:
            self._gives_up = self._part.number > 1 and not self._part.runs_quiet

    def _decide(self, suite: running.TestSuite) -> None:
        """Claim a suite right before it begins, or leave nothing of it to run or import."""
        if not self._ids or not suite.tests or self._part.is_alone:
            return
        id_ = self._ids[id(suite)]
        is_deferred = self._defers_quiet and (id_ in self._quiet) != self._part.runs_quiet
        try:
            is_mine = not self._gives_up and not is_deferred and self._part.claim(id_)
        except OSError as error:
            stop(suite, NOT_STARTED + reason(error))
            return
        if not is_mine:
            suite.tests.clear()
            suite.resource.imports.clear()
            suite.resource.variables.clear()
            suite.metadata.clear()
            suite.setup = suite.teardown = None

    def _plan(self, root: running.TestSuite) -> None:
        suites = list(_walk(root))
        self._ids = {id(suite): suite.id for suite in suites}
        self._quiet = {suite.id for suite in suites if _needs_quiet(suite)}
        if not self._part.is_alone:
            sort_longest_first(root, self._part.earlier_seconds)
        _natural_ids.update({str(suite.id): self._ids[id(suite)] for suite in suites})
        visited = [
            PlannedSuite(
                self._ids[id(suite)],
                suite.full_name,
                tuple((test.name, tuple(map(str, test.tags))) for test in suite.tests),
                self._ids[id(suite)] in self._quiet,
            )
            for suite in _walk(root)
        ]
        plan = Plan(tuple(visited), is_attached=bool(BuiltIn().get_variable_value("${GATEWAY_URL}")))
        self._defers_quiet = plan.has_quiet_rest
        write_plan(self._part.folder, self._part.number, plan)


class EventListener:
    """Tells `qa run` of each row that ended, after all other listeners have had their say."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = AFTER_ALL - 1

    def __init__(self, part: Part) -> None:
        self._part = part

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Tell of a row."""
        self._part.record_event(
            suite=result.parent.full_name,
            row=result.name,
            status=result.status,
            message=result.message,
            seconds=result.elapsed_time.total_seconds(),
            evidence=result.metadata.get(EVIDENCE, ""),
        )


def _walk(suite: running.TestSuite) -> Iterator[running.TestSuite]:
    yield suite
    for child in suite.suites:
        yield from _walk(child)


def _needs_quiet(suite: running.TestSuite) -> bool:
    return any(QUIET in row_of(test).needs for test in suite.tests)


def sort_longest_first(suite: running.TestSuite, seconds: Mapping[str, float]) -> float:
    """Sort all suites below one by the longest suite in each, and return that one's seconds.

    Args:
        suite: the suite.
        seconds: of an earlier run, by full names. A suite that is not among them counts by its rows, below all others.
    """
    own = seconds.get(suite.full_name, len(suite.tests) / 1000)
    longest = {id(child): sort_longest_first(child, seconds) for child in suite.suites}
    suite.suites.sort(key=lambda child: longest[id(child)], reverse=True)
    return max([own, *longest.values()])
