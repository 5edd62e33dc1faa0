"""Limit of open files, which each connection counts towards.

Linux, macOS: a soft limit that a process may raise; macOS starts with 256. Windows: no such limit.
"""

from __future__ import annotations

import sys
from contextlib import suppress

_ENOUGH = 65_536


def open_files_limit() -> int | None:
    """Most open files of this process; None where there is no limit."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  # not on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def allow_many_files() -> None:
    """Raise this process's limit as far as it may, and as it could ever need."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # macOS has a further limit for all processes
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
