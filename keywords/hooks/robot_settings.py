"""Robot's settings of the current run, and its console.

Robot hands neither to a listener. All access to its internals stands in this module; where a version of Robot lacks
them, a run has a longer console and a longer log, and runs that begin at the same moment may spoil one output.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from robot.output import LOGGER
from robot.output.console import VerboseConsole
from robot.running.context import EXECUTION_CONTEXTS

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
