"""Watchdog of the client processes: which of them stand still, or go on for longer than the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine import clock

if TYPE_CHECKING:
    from collections.abc import Collection

PULSE_S = 1.0
"""A client process says at least so often that it lives."""
SILENT_S = 30.0
"""Silence after which a client process is ended: it was stopped, or hangs. Its requests have been late for as long."""
_LONGEST_STEP_S = 1.0


class Watchdog:
    """Counts the silence of each client process.

    Args:
        processes: their number.
    """

    def __init__(self, processes: int) -> None:
        self._silent_s = [0.0] * processes
        self._looked = clock.now()

    def hear(self, number: int) -> None:
        """Note that a process said something."""
        self._silent_s[number] = 0.0

    def look(self, alive: Collection[int], deadline: float) -> dict[int, str]:
        """Which processes have to be ended, and why, as the rest of a sentence.

        Args:
            alive: numbers of those that have not ended.
            deadline: by `clock.now()`, when all of them should have.
        """
        now = clock.now()
        # What this process itself slept through, stopped or on a busy machine, is no silence of the others.
        step_s, self._looked = min(now - self._looked, _LONGEST_STEP_S), now
        found = {}
        for number in alive:
            self._silent_s[number] += step_s
            if self._silent_s[number] > SILENT_S:
                found[number] = f"said nothing for {SILENT_S:g} s, stopped or hung, and was ended"
            elif now > deadline:
                found[number] = f"went on for {now - deadline:.0f} s after the run should have been over, and was ended"
        return found
