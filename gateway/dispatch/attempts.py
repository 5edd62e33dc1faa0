"""The attempts to answer one request: one after the other along its route, within one limit of time."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.backends.base import Call
from gateway.dispatch.attempt import RunningAttempt
from gateway.dispatch.idle_timeout import IdleTimeout
from gateway.errors.base import BackendBadAnswer, BackendTimeout, BackendUnavailable, ContextTooLong, GatewayError
from gateway.logs.events import log_event
from gateway.routing.retry_plan import RetryPlan, is_retryable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.backends.base import WriteNow
    from gateway.config.server import Timeouts
    from gateway.formats.base import Format
    from gateway.request.record import RequestRecord
    from gateway.routing.balancing import Candidate
    from gateway.routing.routes import Route


class Attempts:
    """The attempts to answer one request: along its route, until one succeeds, none is left or time is over.

    Once anything of an answer went out, there is no further attempt.

    Args:
        route: where the request may go.
        record: takes note of each attempt.
        body: the client's bytes.
        fields: `body` parsed and checked.
        timeouts: limits; `total_s` counts over all attempts and the waits between them.
        client_format: how backends are asked, and how the answer looks.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the request's four sides, the limits and the format
        self,
        route: Route,
        record: RequestRecord,
        body: bytes,
        fields: dict[str, Any],
        timeouts: Timeouts,
        client_format: Format,
    ) -> None:
        self._route = route
        self._record = record
        record.request_fields = fields
        self._body = body
        self._fields = fields
        self._timeouts = timeouts
        self._format = client_format
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + timeouts.total_s
        self._plan = RetryPlan(route, self._deadline, self._clock)
        self._error: GatewayError | None = None

    async def complete(self) -> bytes:
        """The whole answer.

        Raises:
            GatewayError: of the last attempt.
        """
        while True:
            candidate = await self._next_candidate()
            try:
                with RunningAttempt(candidate, self._record) as running:
                    return await self._completed(candidate, running)
            except GatewayError as error:
                self._failed(candidate, error)

    async def stream(self, write_now: WriteNow | None = None) -> AsyncGenerator[bytes, None]:
        """The answer's events, without what closes the stream.

        Args:
            write_now: may be given further events instead, once the first ones were yielded.

        Raises:
            GatewayError: of the last attempt, or in mid-stream.
        """
        begun = False
        while not begun:
            candidate = await self._next_candidate()
            try:
                with RunningAttempt(candidate, self._record) as running:
                    call = self._call(candidate, running)
                    async with (
                        IdleTimeout() as idle,
                        aclosing(self._events(candidate, call, idle, write_now)) as events,
                    ):
                        block = await self._next_block(events, idle, self._timeouts.first_byte_s)
                        if block is None:
                            raise BackendBadAnswer(
                                f"Backend '{candidate.backend.name}' ended its stream without an event. "
                                "Send the request again."
                            )
                        begun = True
                        running.mark_answering()
                        while block is not None:
                            yield block
                            block = await self._next_block(events, idle, self._timeouts.idle_s)
            except GatewayError as error:
                if begun:
                    raise
                self._failed(candidate, error)

    def _events(
        self, candidate: Candidate, call: Call, idle: IdleTimeout, write_now: WriteNow | None
    ) -> AsyncGenerator[bytes, None]:
        """What one backend streams; an event that is written at once ends the silence as one that is yielded does."""
        if write_now is not None and self._format.passes_through:

            def write_in_time(block: bytes) -> bool:
                idle.extend(min(self._timeouts.idle_s, self._deadline - self._clock()))
                return write_now(block)

            call = replace(call, write_now=write_in_time)
        return self._format.stream(candidate.backend, call, self._fields)

    async def _next_candidate(self) -> Candidate:
        """The candidate to attempt now, after the waits that are due."""
        move = self._plan.next()
        while isinstance(move, float) or (move is not None and not await move.state.breaker.may_begin()):
            began = time.perf_counter()
            await asyncio.sleep(move if isinstance(move, float) else 0)
            self._record.meter.add_wait(began, time.perf_counter())
            move = self._plan.next()
        if move is None:
            raise self._final(self._error) if self._error else self._all_open()
        if self._error:
            self._say_why(self._error)
        return move

    async def _completed(self, candidate: Candidate, running: RunningAttempt) -> bytes:
        left_s = self._deadline - self._clock()
        limit_s = min(left_s, self._timeouts.attempt_s or left_s)
        try:
            async with asyncio.timeout(limit_s):
                return await self._format.complete(candidate.backend, self._call(candidate, running), self._fields)
        except TimeoutError:
            within_s = self._timeouts.total_s if limit_s == left_s else limit_s
            raise self._timeout(f"give its whole answer within {within_s:g} s") from None

    async def _next_block(self, events: AsyncGenerator[bytes, None], idle: IdleTimeout, idle_s: float) -> bytes | None:
        try:
            return await idle.wait(anext(events, None), min(idle_s, self._deadline - self._clock()))
        except TimeoutError:
            if self._clock() >= self._deadline:
                raise self._timeout(f"end its stream within {self._timeouts.total_s:g} s") from None
            raise self._timeout(f"send an event for {idle_s:g} s") from None

    def _call(self, candidate: Candidate, running: RunningAttempt) -> Call:
        record, tokens = self._record, candidate.backend.control_tokens
        record.backend, record.dropped, record.neutralised, record.meter.token_counter = (
            candidate.backend.name,
            {},
            0,
            None,
        )
        call = Call(
            body=self._body,
            fields=self._fields,
            model=self._fields["model"],
            backend_model=candidate.model,
            request_id=record.id,
            stream=record.streamed,
            operation=record.operation,
            strict=record.strict or candidate.backend.strict,
            dropped=record.dropped,
            headers=running.trace_headers,
            meter=record.meter,
        )
        call = self._format.to_call(candidate.backend, call)
        if tokens is not None:
            body, fields, record.neutralised = tokens.neutralised(call.body, call.fields)
            call = replace(call, body=body, fields=fields) if record.neutralised else call
        return call

    def _failed(self, candidate: Candidate, error: GatewayError) -> None:
        """Go on after a failure that may pass; raise any other."""
        if isinstance(error, ContextTooLong):
            error.speak_of(self._record.operation.question_field)
        if not is_retryable(error):
            raise error
        self._error = error
        self._plan.failed(candidate, error)

    def _say_why(self, error: GatewayError) -> None:
        """Tell the log the reason of a further attempt; the client will not see it."""
        record = self._record
        # Not the message: a backend's may repeat the prompt.
        told = {"id": record.id, "backend": record.backend, "reason": error.code, "status": error.backend_status}
        log_event("attempt_failed", level=logging.WARNING, **told)

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
            retry_after_s=min(candidate.state.breaker.wait_s() for candidate in self._route.candidates),
        )

    def _timeout(self, what: str) -> BackendTimeout:
        return BackendTimeout(
            f"Backend '{self._record.backend}' did not {what}. Ask for less, or have [timeouts] raised in gateway.toml."
        )
