"""Event loop of the load client: uvloop, with asyncio's own on Windows, which uvloop does not support."""

from __future__ import annotations

import asyncio
import sys


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415  # not on Windows

    return uvloop.new_event_loop()
