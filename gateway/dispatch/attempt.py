"""One running attempt: its record, its count in flight, and its report to the breaker and the cooldown."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from gateway.errors import faults
from gateway.errors.base import GatewayError, InternalError
from gateway.operations import COUNT_TOKENS
from gateway.request.attempt import Attempt
from gateway.request.trace import begin_attempt

if TYPE_CHECKING:
    from types import TracebackType

    from gateway.request.record import RequestRecord
    from gateway.routing.balancing import Candidate

_OK = int(HTTPStatus.OK)


class RunningAttempt:
    """Record an attempt, count it as in flight, and report its end to breaker and cooldown, in a `with` block.

    Attributes:
        trace_headers: for the request to the backend.
    """

    __slots__ = ("_attempt", "_attempts", "_cooldown", "_generation", "_state", "_statement", "trace_headers")

    def __init__(self, candidate: Candidate, record: RequestRecord) -> None:
        span_id, self.trace_headers = begin_attempt(record)
        self._attempt = Attempt(candidate.backend.name, candidate.model, span_id=span_id)
        self._state = candidate.state
        # Anthropic limits counts of tokens apart from the messages of the same model.
        self._cooldown = None if record.operation is COUNT_TOKENS else candidate.cooldown
        self._attempts = record.attempts
        self._attempts.append(self._attempt)

    def __enter__(self) -> Self:
        self._state.in_flight += 1
        self._generation = self._state.breaker.begin()
        self._statement = 0 if self._cooldown is None else self._cooldown.begin()
        return self

    def mark_answering(self) -> None:
        """Note that the stream has begun."""
        self._attempt.status = _OK
        self._generation = self._state.breaker.answering(self._generation)
        if self._cooldown is not None:
            self._cooldown.end(self._statement)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state.in_flight -= 1
        breaker, generation, attempt = self._state.breaker, self._generation, self._attempt
        if error is None:
            attempt.end("answered", status=_OK)
            breaker.succeeded(generation)
            if self._cooldown is not None:
                self._cooldown.end(self._statement)
        elif isinstance(error, GatewayError):
            attempt.end("failed", status=attempt.status or error.backend_status, reason=error.code)
            if error.fault is faults.UNSUPPORTED:
                # Nothing was sent, so there was no attempt.
                self._attempts.remove(attempt)
            match error.fault.breaker:
                case "failure":
                    breaker.failed(generation)
                case "success":
                    breaker.succeeded(generation)
                case "nothing":
                    breaker.abandoned(generation)
            if self._cooldown is not None and error.cooldown_s:
                self._cooldown.start(self._statement, error.cooldown_s)
        else:
            breaker.abandoned(generation)
            if isinstance(error, asyncio.CancelledError | GeneratorExit):
                attempt.end("cancelled", status=attempt.status)
            else:
                attempt.end("failed", status=attempt.status, reason=InternalError.default_code)
