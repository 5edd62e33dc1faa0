"""Memory that several processes share."""

from __future__ import annotations

import os
import tempfile


def open_memory(name: str, size: int) -> int:
    """Memory of so many bytes, all 0, as a file without a place of its own; its descriptor."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    return descriptor
