"""How the gateway stands: whether it is shutting down, and what came of its reloads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


class Shutdown:
    """Whether the stop signal has come; readiness and new requests are refused from then on.

    The listener stays open meanwhile. A refused connection would look like a crash to a liveness probe, hide from a
    load balancer that readiness is gone, and leave a client that reuses a connection with a reset that it must not
    answer with a repetition. So whoever comes is told to come again, on another connection.

    Args:
        limit_s: how long requests under way may take to end; then streams end with an error event.

    Attributes:
        started: the signal has come.
    """

    def __init__(self, limit_s: float) -> None:
        self.started = False
        self.limit_s = limit_s


@dataclass(slots=True)
class Reloads:
    """What came of them.

    Attributes:
        applied: how often a configuration took the place of another.
        refused: how often one could not be used.
        since: Unix time since which the present one is in force.
        last_refused: the latest one could not be used, so the gateway does not do what its file says.
    """

    applied: int = 0
    refused: int = 0
    since: float = field(default_factory=time.time)
    last_refused: bool = False

    def note(self, *, applied: bool) -> None:
        """Count one."""
        self.last_refused = not applied
        if applied:
            self.applied += 1
            self.since = time.time()
        else:
            self.refused += 1
