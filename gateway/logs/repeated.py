"""Bounds how often one event is logged, where anybody who reaches the gateway can cause it."""

from __future__ import annotations

import asyncio
import logging

from gateway.logs.events import log_event

PERIOD_S = 60.0
LINES = 10


class RepeatedEvent:
    """Logs the first `LINES` of an event in each `PERIOD_S`, and at its end how many more there were.

    A process that ends within a period does not log that number.

    Args:
        event: its name; the number is logged as `<event>_repeated`.
        level: of its lines.
    """

    def __init__(self, event: str, *, level: int = logging.WARNING) -> None:
        self._event = event
        self._level = level
        self._count = 0

    def log(self, **fields: object) -> None:
        """Log the event with its fields, or count it. Call it on the event loop."""
        if not self._count:
            asyncio.get_running_loop().call_later(PERIOD_S, self._end_period)
        self._count += 1
        if self._count <= LINES:
            log_event(self._event, level=self._level, **fields)

    def _end_period(self) -> None:
        more, self._count = self._count - LINES, 0
        if more > 0:
            log_event(f"{self._event}_repeated", level=self._level, count=more, within_s=PERIOD_S)
