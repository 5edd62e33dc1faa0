"""One attempt: what is known of it, and who learns of its beginning and its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from gateway.errors.base import GatewayError, InternalError, InvalidRequest
from gateway.request.trace import begin_attempt
from gateway.routing.retry_plan import speaks_against

if TYPE_CHECKING:
    from types import TracebackType

    from gateway.request.record import RequestRecord
    from gateway.routing.balancing import Step

_OK = 200

Outcome = Literal["running", "answered", "failed", "cancelled"]


@dataclass(slots=True)
class Attempt:
    """One request from the gateway to one backend.

    Attributes:
        backend: the backend's name.
        model: the model's name there.
        started: `time.perf_counter()` when it began.
        elapsed_s: seconds until its end, the whole stream included.
        status: the HTTP status that the backend gave; None if it gave none.
        reason: the code of the error it failed with.
        span_id: of its span, 0 without tracing.
        outcome: `cancelled` if the gateway gave it up: the client left or read too slowly, or the gateway was stopped.
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
        """Note how it ended, and when."""
        self.elapsed_s = time.perf_counter() - self.started
        self.outcome = outcome
        self.status = status
        self.reason = reason

    def entry(self, since: float) -> dict[str, Any]:
        """As it stands in the log, times in milliseconds; `since` is the arrival of its request."""
        return {
            "backend": self.backend,
            "model": self.model,
            "after_ms": round((self.started - since) * 1000, 3),
            "duration_ms": round(self.elapsed_s * 1000, 3),
            "status": self.status,
            "reason": self.reason,
            "outcome": self.outcome,
        }


class Running:
    """A `with` block around one attempt: it is recorded, counted as in flight, and its breaker learns how it ended."""

    __slots__ = ("_attempt", "_number", "_standing")

    def __init__(self, step: Step, record: RequestRecord) -> None:
        self._attempt = Attempt(step.backend.name, step.model, span_id=begin_attempt(record))
        self._standing = step.standing
        record.attempts.append(self._attempt)

    def __enter__(self) -> Self:
        self._standing.in_flight += 1
        self._number = self._standing.breaker.begin()
        return self

    def is_answering(self) -> None:
        """Note that a stream has begun."""
        self._attempt.status = _OK
        self._number = self._standing.breaker.answering(self._number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._standing.in_flight -= 1
        breaker, number, attempt = self._standing.breaker, self._number, self._attempt
        if error is None:
            attempt.end("answered", status=_OK)
            breaker.succeeded(number)
        elif isinstance(error, GatewayError):
            attempt.end("failed", status=attempt.status or error.backend_status, reason=error.code)
            if isinstance(error, InvalidRequest) and error.backend_status is None:
                # The gateway itself found that the backend's format cannot carry it: the backend was not asked.
                breaker.abandoned(number)
            elif speaks_against(error):
                breaker.failed(number)
            else:
                breaker.succeeded(number)
        else:
            breaker.abandoned(number)
            if isinstance(error, asyncio.CancelledError | GeneratorExit):
                attempt.end("cancelled", status=attempt.status)
            else:
                attempt.end("failed", status=attempt.status, reason=InternalError.default_code)
