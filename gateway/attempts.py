"""The attempts to answer one request: one after the other along its route, within one limit of time."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from gateway.backends.base import Call
from gateway.errors import (
    BackendBadAnswer,
    BackendTimeout,
    BackendUnavailable,
    ContextTooLong,
    GatewayError,
    InternalError,
    InvalidRequest,
)
from gateway.quiet import Quiet
from gateway.resilience import Plan, may_pass, speaks_against
from gateway.telemetry import say
from gateway.trace_context import begin_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType

    from gateway.balancing import Step
    from gateway.config_sections import Timeouts
    from gateway.dialect import Dialect
    from gateway.record import RequestRecord
    from gateway.routing import Route

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


class Attempts:
    """The attempts to answer one request: along its route, until one succeeds, none is left or time is over.

    Once anything of an answer went out, there is no further attempt.

    Args:
        route: where the request may go.
        record: takes note of each attempt.
        body: the client's bytes.
        fields: `body` parsed and checked.
        timeouts: limits; `total_s` counts over all attempts and the waits between them.
        dialect: how backends are asked, and how the answer looks.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the request's four sides, the limits and the format
        self,
        route: Route,
        record: RequestRecord,
        body: bytes,
        fields: dict[str, Any],
        timeouts: Timeouts,
        dialect: Dialect,
    ) -> None:
        self._route = route
        self._record = record
        record.asked = fields
        self._body = body
        self._fields = fields
        self._timeouts = timeouts
        self._dialect = dialect
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + timeouts.total_s
        self._plan = Plan(route, self._deadline, self._clock)
        self._error: GatewayError | None = None

    async def complete(self) -> bytes:
        """The whole answer.

        Raises:
            GatewayError: of the last attempt.
        """
        while True:
            step = await self._next_step()
            try:
                with _Running(step, self._record):
                    return await self._completed(step)
            except GatewayError as error:
                self._failed(step, error)

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The answer's events, without what closes the stream.

        Raises:
            GatewayError: of the last attempt, or in mid-stream.
        """
        begun = False
        while not begun:
            step = await self._next_step()
            try:
                with _Running(step, self._record) as running:
                    stream = self._dialect.stream(step.backend, self._call(step), self._fields)
                    async with aclosing(stream) as events, Quiet() as quiet:
                        block = await self._next_block(events, quiet, self._timeouts.first_byte_s)
                        if block is None:
                            raise BackendBadAnswer(
                                f"Backend '{step.backend.name}' ended its stream without an event. "
                                "Send the request again."
                            )
                        begun = True
                        running.is_answering()
                        while block is not None:
                            yield block
                            block = await self._next_block(events, quiet, self._timeouts.idle_s)
            except GatewayError as error:
                if begun:
                    raise
                self._failed(step, error)

    async def _next_step(self) -> Step:
        """The step to attempt now, after the waits that are due."""
        move = self._plan.next()
        while isinstance(move, float) or (move is not None and not await move.standing.breaker.may_begin()):
            began = time.perf_counter()
            await asyncio.sleep(move if isinstance(move, float) else 0)
            self._record.meter.wait(began, time.perf_counter())
            move = self._plan.next()
        if move is None:
            raise self._final(self._error) if self._error else self._all_open()
        if self._error:
            self._say_why(self._error)
        return move

    async def _completed(self, step: Step) -> bytes:
        left_s = self._deadline - self._clock()
        limit_s = min(left_s, self._timeouts.attempt_s or left_s)
        try:
            async with asyncio.timeout(limit_s):
                return await self._dialect.complete(step.backend, self._call(step), self._fields)
        except TimeoutError:
            within_s = self._timeouts.total_s if limit_s == left_s else limit_s
            raise self._timeout(f"give its whole answer within {within_s:g} s") from None

    async def _next_block(self, events: AsyncGenerator[bytes, None], quiet: Quiet, quiet_s: float) -> bytes | None:
        left_s = self._deadline - self._clock()
        try:
            return await quiet.wait(anext(events, None), min(quiet_s, left_s))
        except TimeoutError:
            if left_s < quiet_s:
                raise self._timeout(f"end its stream within {self._timeouts.total_s:g} s") from None
            raise self._timeout(f"send an event for {quiet_s:g} s") from None

    def _call(self, step: Step) -> Call:
        record, tokens = self._record, step.backend.control_tokens
        record.backend, record.dropped, record.neutralised, record.meter.tally = step.backend.name, {}, 0, None
        call = Call(
            body=self._body,
            fields=self._fields,
            model=self._fields["model"],
            backend_model=step.model,
            request_id=record.id,
            stream=record.streamed,
            operation=record.operation,
            strict=record.strict or step.backend.strict,
            dropped=record.dropped,
        )
        call = self._dialect.call(step.backend, call)
        if tokens is not None:
            body, fields, record.neutralised = tokens.neutralised(call.body, call.fields)
            call = replace(call, body=body, fields=fields) if record.neutralised else call
        return call

    def _failed(self, step: Step, error: GatewayError) -> None:
        """Go on after a failure that may pass; raise any other."""
        if isinstance(error, ContextTooLong):
            error.speak_of(self._record.operation.asks)
        if not may_pass(error):
            raise error
        self._error = error
        self._plan.failed(step, error)

    def _say_why(self, error: GatewayError) -> None:
        """Tell the log the reason of a further attempt; the client will not see it."""
        record = self._record
        # Not the message: a backend's may repeat the prompt.
        told = {"id": record.id, "backend": record.backend, "reason": error.code, "status": error.backend_status}
        say("attempt_failed", level=logging.WARNING, **told)

    def _final(self, error: GatewayError) -> GatewayError:
        """The last attempt's error, telling the client whether a repetition of its own makes sense.

        It does if the backend said when, or if the gateway made no repetition itself: the two must not multiply.
        """
        again = error.should_retry
        if again is None:
            again = "retry-after" in error.headers or self._route.retries.attempts == 1
        error.headers["x-should-retry"] = "true" if again else "false"
        return error

    def _all_open(self) -> BackendUnavailable:
        return BackendUnavailable(
            f"Every backend of the model '{self._fields['model']}' has failed repeatedly and is left alone for now. "
            "Send the request again after the time in Retry-After.",
            retry_after_s=min(step.standing.breaker.wait_s() for step in self._route.steps),
        )

    def _timeout(self, what: str) -> BackendTimeout:
        return BackendTimeout(
            f"Backend '{self._record.backend}' did not {what}. Ask for less, or have [timeouts] raised in gateway.toml."
        )


class _Running:
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
