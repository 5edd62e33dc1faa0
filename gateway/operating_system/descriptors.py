"""How many files and sockets this process may have open.

Linux, macOS: the soft limit, as `ulimit -n` shows it. Windows: it has none for sockets.
"""

from __future__ import annotations

import sys


def descriptor_limit() -> int | None:
    """The most descriptors of this process; None if there is no limit."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  # Windows has no such module

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if limit == resource.RLIM_INFINITY else limit
