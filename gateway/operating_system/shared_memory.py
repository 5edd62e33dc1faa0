"""Memory that several processes share, as a file without a name that child processes inherit.

Linux: a file in memory (`memfd_create`). macOS: an unnamed temporary file; its pages stay in the system's cache while
they are used. Windows: as macOS, but there are no workers that would inherit it.
"""

from __future__ import annotations

import os
import tempfile


def open_memory(name: str, size: int) -> int:
    """Open zeroed memory.

    Args:
        name: shown by Linux in `/proc/PID/maps`.
        size: in bytes.

    Returns:
        The descriptor of the file.
    """
    # Python builds for an old glibc lack it on Linux too.
    if hasattr(os, "memfd_create"):
        descriptor: int = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    return descriptor
