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
    """Signal handler that leaves the end to the processes that are waited for.

    Attributes:
        by_signal: whether a signal came.
    """

    def __init__(self) -> None:
        self.by_signal = False
        self._children: list[subprocess.Popen[Any]] = []

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal, and pass SIGTERM on."""
        self.by_signal = True
        # Ctrl-C in a terminal reaches the child anyway; a second one would keep Robot from its teardowns.
        if number == signal.SIGTERM:
            for child in self._children:
                child.terminate()

    def call(self, command: Sequence[str], **options: Any) -> int:
        """Run a command to its end, and return its exit code.

        Args:
            command: the program and its arguments.
            options: of `subprocess.Popen`.
        """
        with self.start(command, **options) as child:
            return child.wait()

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command that a signal is passed on to.

        Args:
            command: the program and its arguments.
            options: of `subprocess.Popen`.
        """
        child = subprocess.Popen(command, **options)  # noqa: S603
        self._children.append(child)
        return child


@contextmanager
def passing_signals_on() -> Iterator[SignalHandler]:
    """Let the processes that are waited for end before this one, with their teardowns."""
    handler = SignalHandler()
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
