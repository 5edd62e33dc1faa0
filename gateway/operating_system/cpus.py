"""The CPUs that this process, and the children that inherit its affinity, may use.

Linux: CPU affinity, topology, and the quota of the control group. macOS, Windows: unknown.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple


class Cpus(NamedTuple):
    """Numbers of CPUs.

    Attributes:
        usable: logical CPUs, at most as many as the quota pays for.
        cores: physical cores of these CPUs, whatever the quota.
    """

    usable: int
    cores: int


def count_cpus() -> Cpus | None:
    """Count the CPUs; None if they are unknown."""
    if sys.platform != "linux":
        return None
    cpus = os.sched_getaffinity(0)
    cores = {_read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in cpus}
    usable = len(cpus)
    # A container's CPU limit, in microseconds.
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit():
        usable = min(usable, round(int(quota) / int(period)))
    return Cpus(usable, len(cores))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
