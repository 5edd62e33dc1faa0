"""The record of one attempt."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["running", "answered", "failed", "cancelled"]


@dataclass(slots=True)
class Attempt:
    """One request from the gateway to one backend.

    Attributes:
        backend: the backend's name.
        model: the model's name at the backend.
        started: `time.perf_counter()` when it began.
        elapsed_s: seconds until its end, the whole stream included.
        status: the backend's HTTP status, if it sent one.
        reason: the code of the error it failed with.
        span_id: 0 without tracing.
        outcome: `cancelled` if the gateway gave up: the client left or read too slowly, or the gateway was stopped.
    """

    backend: str
    model: str
    started: float = field(default_factory=time.perf_counter)
    elapsed_s: float = 0.0
    status: int | None = None
    reason: str | None = None
    outcome: Outcome = "running"
    span_id: int = 0

    def end(self, outcome: Outcome, *, status: int | None = None, reason: str | None = None) -> None:
        """Note when and how the attempt ended."""
        self.elapsed_s = time.perf_counter() - self.started
        self.outcome = outcome
        self.status = status
        self.reason = reason

    def entry(self, since: float) -> dict[str, Any]:
        """The attempt as the log shows it, times in milliseconds; `since` is the arrival of its request."""
        return {
            "backend": self.backend,
            "model": self.model,
            "after_ms": milliseconds(self.started - since),
            "duration_ms": milliseconds(self.elapsed_s),
            "status": self.status,
            "reason": self.reason,
            "outcome": self.outcome,
        }


def milliseconds(seconds: float) -> float:
    """Milliseconds with three decimals, in a quarter of the time that `round` takes for decimals."""
    return round(seconds * 1e6) / 1000
