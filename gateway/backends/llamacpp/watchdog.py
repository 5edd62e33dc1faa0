"""Noticing that the child of the embedded backend hangs: its process is there, but gives no sign of life."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.backends.http.connection import Connection

LOOK_S = 2.0
SILENT_S = 10.0
"""So long it may neither answer nor compute."""
BUSY_S = 300.0
"""So long it may compute without answering: waiting requests take all of its threads, and a probe waits with them."""


async def until_hung(connection: Connection, pid: int) -> str:
    """Return once the child hangs, with the reason; its probes cost no tokens.

    Args:
        connection: to the child.
        pid: of the child. Its computing time is known on Linux only; elsewhere it counts as computing.
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


def cpu_ticks(pid: int) -> int | None:
    """What a process has computed so far, in ticks of the system's clock; None if the system does not tell.

    Fields 14 and 15 of proc_pid_stat(5); the second one may hold spaces.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return None
