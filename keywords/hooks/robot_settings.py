"""Robot's settings of the current run, its console, and what it writes before it asks a listener.

Robot hands none of them to a listener. All access to its internals stands in this module; where a version of Robot
lacks them, a run has a longer console and a longer log, and names as they were said, and runs that begin at the same
moment may spoil one output.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from robot.output import LOGGER
from robot.output.console import VerboseConsole
from robot.output.loggerapi import LoggerApi
from robot.running.context import EXECUTION_CONTEXTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from robot import result, running

_MISSING = (AttributeError, KeyError, TypeError)


def setting(name: str) -> Any:
    """A setting of the run by Robot's internal name, such as `Variables`; None if it is not known."""
    with suppress(*_MISSING):
        return EXECUTION_CONTEXTS.current.output._settings[name]  # noqa: SLF001
    return None


def output_descriptor() -> int | None:
    """The file descriptor of the output file that Robot is writing; None if it is not known."""
    with suppress(*_MISSING, OSError):
        return int(EXECUTION_CONTEXTS.current.output.output_file.real_logger._writer.output.fileno())  # noqa: SLF001
    return None


def flush_output() -> None:
    """Write out what Robot holds back of its output file, so that a kill costs no row that has ended."""
    with suppress(*_MISSING, OSError):
        EXECUTION_CONTEXTS.current.output.output_file.real_logger._writer.output.flush()  # noqa: SLF001


def hide_statistics(*patterns: str) -> None:
    """Leave tags out of the statistics with which log and report open.

    Robot writes both from these settings after the run; `--tagstatinclude` and `--tagstatexclude` of the command line
    stay in force.
    """
    shown = setting("TagStatInclude")
    excluded = setting("TagStatExclude")
    if isinstance(excluded, list) and not shown:
        excluded += [pattern for pattern in patterns if pattern not in excluded]


class ShortConsole:
    """Keeps rows off the console that fail for one and the same reason; the end of the outermost suite tells it once.

    Errors and warnings are still printed. The console that writes one character for each row stays as it is.
    """

    _EVENTS = ("start_suite", "end_suite", "start_test", "end_test")

    def __init__(self) -> None:
        self._methods: dict[str, Any] = {}

    def begin(self) -> None:
        """Print no row and no suite from now on."""
        with suppress(*_MISSING):
            console = LOGGER._console  # noqa: SLF001
            if not self._methods and isinstance(console.listener, VerboseConsole):
                self._methods = {name: getattr(console, name) for name in self._EVENTS}
                for name in self._EVENTS:
                    setattr(console, name, lambda *_: None)

    def end(self) -> None:
        """Print again, at the end of the outermost suite."""
        with suppress(*_MISSING):
            for name, method in self._methods.items():
                setattr(LOGGER._console, name, method)  # noqa: SLF001
        self._methods = {}


class FirstLogger(LoggerApi):  # type: ignore[misc]  # Robot's class has no types
    """Hears of rows, keywords and control structures before Robot writes their beginnings; listeners hear after it.

    Args:
        start_row: called with the result of a row that begins.
        start_item: called with the result of a keyword or a control structure that begins.
    """

    def __init__(self, start_row: Callable[[result.TestCase], None], start_item: Callable[[object], None]) -> None:
        self._start_row = start_row
        self._start_item = start_item

    def begin(self) -> None:
        """Hear of all from now on."""
        with suppress(*_MISSING):
            LOGGER._other_loggers.insert(0, self)  # noqa: SLF001

    def end(self) -> None:
        """Hear of nothing any more."""
        with suppress(*_MISSING):
            LOGGER.unregister_logger(self)

    def start_test(self, data: running.TestCase, result: result.TestCase) -> None:  # noqa: ARG002  # Robot's signature
        """Pass a row on."""
        self._start_row(result)

    def start_body_item(self, data: object, result: object) -> None:  # noqa: ARG002
        """Pass a keyword or a control structure on."""
        self._start_item(result)
