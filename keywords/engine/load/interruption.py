"""Interruption of a load run by Ctrl-C or SIGTERM: the first one ends it early, a second one breaks it off."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Takes these signals over for its time; outside the main thread, which alone gets signals, it does nothing.

    Attributes:
        came: whether a signal came.
    """

    def __init__(self) -> None:
        self.came = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take them over."""
        if threading.current_thread() is threading.main_thread():
            self._previous = {each: signal.signal(each, self._note) for each in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give them back."""
        for each, handler in self._previous.items():
            # None stands for a handler that was not set from Python.
            signal.signal(each, signal.SIG_DFL if handler is None else handler)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # as signal handlers are called
        if self.came:
            raise KeyboardInterrupt
        self.came = True
