"""Stop what a row or a suite started when it ends: each starter registers a function that stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable

    from robot import result, running


class Scope(NamedTuple):
    """A row with its setup and teardown, or the setup and teardown of a suite.

    Attributes:
        suite: full name; empty outside a run of Robot.
        row: name; empty in a suite's own setup and teardown.
    """

    suite: str
    row: str

    def __str__(self) -> str:
        return " / ".join(part for part in self if part)


class Scopes:
    """The listener of every library that starts something: stops it at the end of its scope, the latest first.

    Robot reports the end of a row or suite also when its setup failed, and after Ctrl-C. The libraries of a suite share
    one instance, so Robot reports each end several times; only the first report finds something to stop.
    """

    ROBOT_LISTENER_API_VERSION = 3
    # Before the listeners that report or record the end of a row: a fault found here counts as the row's.
    ROBOT_LISTENER_PRIORITY = 100

    def __init__(self) -> None:
        self._stops: list[tuple[Scope, Callable[[], Any]]] = []
        self._faults: list[str] = []

    def here(self) -> Scope:
        """The running scope; an empty one outside a run of Robot."""
        try:
            return Scope(*(BuiltIn().get_variable_value(name, "") for name in ("${SUITE NAME}", "${TEST NAME}")))
        except RobotNotRunningError:
            return Scope("", "")

    def remember(self, stop: Callable[[], Any]) -> None:
        """Register a function that the end of the running row or suite calls.

        Args:
            stop: stops something; does nothing if that has stopped already.
        """
        self._stops.append((self.here(), stop))

    def take_faults(self) -> list[str]:
        """Take the faults at the ends of suites, whose results were already written."""
        faults, self._faults = self._faults, []
        return faults

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Stop what the row started; the row fails if that is impossible."""
        if faults := self._end(Scope(result.parent.full_name, result.name)):
            result.status = "FAIL"
            result.message = "\n\n".join((*filter(None, [result.message]), *faults))

    def end_suite(self, data: running.TestSuite, result: result.TestSuite) -> None:  # noqa: ARG002  # Robot's signature
        """Stop what the suite's setup and teardown started."""
        faults = self._end(Scope(result.full_name, ""))
        self._faults += faults
        for fault in faults:
            logger.error(fault)

    def _end(self, scope: Scope) -> list[str]:
        faults = []
        for entry in [entry for entry in reversed(self._stops) if entry[0] == scope]:
            try:
                entry[1]()
            except (Exception, SystemExit) as error:  # noqa: BLE001  # the rest must be stopped all the same
                faults.append(f"What was started in '{scope}' could not be stopped: {error!r}")
            # Only now: after Ctrl-C during a stop, the next report of this end begins with the same one.
            self._stops.remove(entry)
        return faults


SCOPES: Final = Scopes()
"""The one registry of the run."""
