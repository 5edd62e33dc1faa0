"""Ticks of Locust's shape: it asks for the number of users about once a second."""

from __future__ import annotations

_HALF_A_TICK_S = 0.5


def stage_at(run_time_s: float, duration_s: float) -> int:
    """The number of the stage at a tick, from 0.

    A tick comes some milliseconds early or late, so a stage changes at the tick that is nearest to its end. At the
    first one after it, a stage whose tick came early would last a whole second longer.

    Args:
        run_time_s: by Locust's clock.
        duration_s: of each stage, in whole seconds.
    """
    return int((run_time_s + _HALF_A_TICK_S) // duration_s)
