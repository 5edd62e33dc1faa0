"""Other processes: whether one lives, and how much it has computed.

Linux: signal 0, and `/proc`. macOS: signal 0; computing times are unknown. Windows: neither, for `os.kill` with 0 would
send Ctrl-C there; without workers, the only process asked about is this one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process of this user lives."""
    if sys.platform == "win32":
        return pid == os.getpid()
    try:
        # Signal 0 is not delivered; the system only checks whether it could be.
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def cpu_ticks(pid: int) -> int | None:
    """CPU time of a process so far, in ticks of the system's clock; None if it is unknown.

    Source: fields 14 and 15 of proc_pid_stat(5). Field 2, the name in parentheses, may contain spaces.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return None
