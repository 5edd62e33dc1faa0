"""The gateway's way out: from the stop signal to the end of the last request that had begun before it."""

from __future__ import annotations


class Drain:
    """Whether the stop signal has come; readiness and new requests are refused from then on.

    The listener stays open meanwhile. A refused connection would look like a crash to a liveness probe, hide from a
    load balancer that readiness is gone, and leave a client that reuses a connection with a reset that it must not
    answer with a repetition. So whoever comes is told to come again, on another connection.

    Args:
        limit_s: how long requests under way may take to end; then streams end with an error event.

    Attributes:
        begun: the signal has come.
    """

    def __init__(self, limit_s: float) -> None:
        self.begun = False
        self.limit_s = limit_s
