"""Pinning: a process stays on one CPU core, so that it does not disturb measurements on the others.

Linux: by its CPU affinity, which child processes inherit. macOS, Windows: processes are not pinned.
"""

from __future__ import annotations

import os
import sys


def can_pin() -> bool:
    """Whether a process can be pinned, and there is more than one core."""
    return sys.platform == "linux" and (os.cpu_count() or 1) > 1


def pin(core: int) -> None:
    """Pin this process and those that it will start, where the system can."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {core})
