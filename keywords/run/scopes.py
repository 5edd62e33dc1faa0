"""What a row or a suite starts ends with it: who starts a thing hands over how it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable

    from robot import result, running


class Scope(NamedTuple):
    """Where something is started: in a row, its setup and teardown included, or in what belongs to a whole suite.

    Attributes:
        suite: full name; empty outside a run of Robot.
        row: name; empty in a suite's own setup and teardown.
    """

    suite: str
    row: str

    def __str__(self) -> str:
        return " / ".join(part for part in self if part)


class Scopes:
    """The listener of every library that starts something; it stops that, the latest first, at the end of its scope.

    Robot tells of the end of a row or suite also when its setup failed and after Ctrl-C. Several libraries of a suite
    share the one instance, so it is told of an end several times, and has nothing left to do but at the first.
    """

    ROBOT_LISTENER_API_VERSION = 3
    # Before listeners that tell or write down how a row ended: a fault found here is one of the row.
    ROBOT_LISTENER_PRIORITY = 100

    def __init__(self) -> None:
        self._stops: list[tuple[Scope, Callable[[], Any]]] = []
        self._faults: list[str] = []

    def here(self) -> Scope:
        """The scope of what is started now; an empty one outside a run of Robot."""
        try:
            return Scope(*(BuiltIn().get_variable_value(name, "") for name in ("${SUITE NAME}", "${TEST NAME}")))
        except RobotNotRunningError:
            return Scope("", "")

    def remember(self, stop: Callable[[], Any]) -> None:
        """Have something stopped at the end of the current row or suite.

        Args:
            stop: ends it, and does nothing if it has been ended meanwhile.
        """
        self._stops.append((self.here(), stop))

    def take_faults(self) -> list[str]:
        """What could not be stopped at the ends of suites, whose results are written before."""
        faults, self._faults = self._faults, []
        return faults

    def end_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Stop what the row started; the row fails if something cannot be stopped."""
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
        mine = [stop for started, stop in self._stops if started == scope]
        self._stops = [remembered for remembered in self._stops if remembered[0] != scope]
        faults = []
        for stop in reversed(mine):
            try:
                stop()
            except Exception as error:  # noqa: BLE001  # the others have to be stopped all the same
                faults.append(f"What was started in '{scope}' could not be stopped: {error!r}")
        return faults


SCOPES: Final = Scopes()
"""The run's one memory of what was started where."""
