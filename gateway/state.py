"""The state of the gateway: whether it is shutting down, and how its reloads went."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


class Shutdown:
    """The shutdown: after the stop signal, readiness and new requests are refused.

    The listener stays open meanwhile. A refused connection would look like a crash to a liveness probe and would hide
    from a load balancer that readiness is gone. A client that reuses a connection would get a reset, after which it
    must not repeat its request. So new requests get an answer that asks for a repetition on another connection.

    Args:
        limit_s: how long requests under way may take to end; then streams end with an error event.

    Attributes:
        started: whether the stop signal has come.
    """

    def __init__(self, limit_s: float) -> None:
        self.started = False
        self.limit_s = limit_s


@dataclass(slots=True)
class Reloads:
    """How the reloads of the configuration went.

    Attributes:
        applied: how many configurations replaced another.
        refused: how many could not be used.
        since: Unix time since which the current configuration is in force.
        last_refused: whether the latest one could not be used, so the gateway does not do what its file says.
    """

    applied: int = 0
    refused: int = 0
    since: float = field(default_factory=time.time)
    last_refused: bool = False

    def note(self, *, applied: bool) -> None:
        """Count one reload."""
        self.last_refused = not applied
        if applied:
            self.applied += 1
            self.since = time.time()
        else:
            self.refused += 1
