"""Signals to a command that waits for a process of its own, such as a run of Robot."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType


class SignalHandler:
    """Signal handler that leaves the end to the process that is waited for.

    Attributes:
        by_signal: whether a signal came.
    """

    def __init__(self) -> None:
        self.by_signal = False
        self._child: subprocess.Popen[bytes] | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal, and pass SIGTERM on."""
        self.by_signal = True
        # Ctrl-C in a terminal reaches the child anyway; a second one would keep Robot from its teardowns.
        if number == signal.SIGTERM and self._child is not None:
            self._child.terminate()

    def call(self, command: Sequence[str], **options: Any) -> int:
        """Run a command to its end, and return its exit code.

        Args:
            command: the program and its arguments.
            options: of `subprocess.Popen`.
        """
        with subprocess.Popen(command, **options) as child:  # noqa: S603
            self._child = child
            try:
                return child.wait()
            finally:
                self._child = None


@contextmanager
def passing_signals_on() -> Iterator[SignalHandler]:
    """Let the process that is waited for end before this one, with its teardowns."""
    handler = SignalHandler()
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
