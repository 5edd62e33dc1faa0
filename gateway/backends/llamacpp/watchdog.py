"""Detects that the child of the embedded backend hangs: the process lives, but neither answers nor computes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from gateway.operating_system.processes import cpu_ticks

if TYPE_CHECKING:
    from gateway.backends.http.connection import Connection

LOOK_S = 2.0
SILENT_S = 10.0
"""Time limit of a child that neither answers nor computes."""
BUSY_S = 300.0
"""Time limit of a child that computes but does not answer: requests may occupy all its threads, and probes wait."""


async def until_hung(connection: Connection, pid: int) -> str:
    """Probe the child until it hangs; probes cost no tokens.

    Args:
        connection: to the child.
        pid: of the child. Where its CPU time is unknown, it counts as computing.

    Returns:
        The reason.
    """
    answered_at = computed_at = time.monotonic()
    computed = cpu_ticks(pid)
    while True:
        await asyncio.sleep(LOOK_S)
        answers = await connection.answers("/health")
        now = time.monotonic()
        ticks = cpu_ticks(pid)
        if answers:
            answered_at = now
        if answers or ticks is None or ticks != computed:
            computed, computed_at = ticks, now
        if now - computed_at > SILENT_S:
            return f"hung: it neither answered nor computed for {SILENT_S:g} s and was killed"
        if now - answered_at > BUSY_S:
            return f"hung: it did not answer for {BUSY_S:g} s and was killed"
