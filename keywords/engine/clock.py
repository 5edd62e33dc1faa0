"""The clock that everything here is measured with: the suite's clients, the scripted backend, deadlines, the race."""

from __future__ import annotations

import time


def now() -> float:
    """This moment, to compare with other moments of this machine, in this process or another.

    It is `time.perf_counter`: never set back, the finest clock that there is, and the same in all processes (Python's
    documentation of the module `time`). On Linux it reads CLOCK_MONOTONIC, as `time.monotonic` does; on Windows
    `time.monotonic` moves in steps of 16 ms before Python 3.13, which is longer than many a chunk takes. A stamp of the
    calendar is `time.time`, which an administrator may set, and is never subtracted.

    Returns:
        Seconds since a moment that means nothing by itself, such as the start of the machine.
    """
    return time.perf_counter()
