"""The one monotonic clock of the suite's clients, the scripted backend, deadlines and the race."""

from __future__ import annotations

import time

now = time.perf_counter
"""The current time in seconds since an arbitrary moment, comparable between all processes of this machine.

`time.perf_counter` is never set back, has the finest resolution, and is the same in all processes (Python's
documentation of `time`). On Linux it reads CLOCK_MONOTONIC, as `time.monotonic` does. On Windows `time.monotonic` moves
in steps of 16 ms before Python 3.13, longer than many chunks take. Use `time.time` for dates only and never subtract
it: an administrator may set it.

It is the function itself, because a load run asks for the time of each chunk.
"""
