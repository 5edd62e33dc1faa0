"""The attempts to answer one request: one after the other along its route, within one total timeout."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.backends.base import Call
from gateway.dispatch.attempt import RunningAttempt
from gateway.dispatch.idle_timeout import IdleTimeout
from gateway.errors import faults
from gateway.errors.base import BackendBadAnswer, BackendTimeout, BackendUnavailable, ContextTooLong, GatewayError
from gateway.errors.tracebacks import drop_tracebacks
from gateway.logs.events import log_event
from gateway.routing.retry_plan import RetryPlan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from gateway.backends.base import WriteNow
    from gateway.config.server import Timeouts
    from gateway.formats.base import Format
    from gateway.request.record import RequestRecord
    from gateway.routing.balancing import Candidate
    from gateway.routing.routes import Route

LARGE_BODY = 256 * 1024
"""A body of more bytes is checked and searched in a thread: for 16 MB of small parts, all others would wait seconds."""
# An attempt that had less of its time, because earlier ones took it, says nothing about its backend.
_FAIR_SHARE = 0.5


class Attempts:
    """Attempts the candidates of a route until one succeeds, none is left, or the time is over.

    Once any part of an answer went out, there is no further attempt.

    Args:
        route: of the request.
        record: of the request; each attempt is added to it.
        body: the client's bytes.
        fields: `body` parsed and checked.
        timeouts: limits; `total_s` covers all attempts and the waits between them.
        client_format: forms the calls to backends, and the answer.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the request's four parts, the timeouts and the format
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
        # What the client hears if no attempt succeeds, and of which backend.
        self._failure: tuple[GatewayError, str] | None = None
        self._refusal: tuple[GatewayError, str] | None = None
        self._passed_over: set[Candidate] = set()
        self._unlogged: GatewayError | None = None

    async def complete(self) -> bytes:
        """Get the whole answer.

        Raises:
            GatewayError: see `_final_error`.
        """
        while True:
            candidate = await self._next_candidate()
            try:
                with RunningAttempt(candidate, self._record) as running:
                    return await self._complete_one(candidate, running)
            except GatewayError as error:
                self._note_failure(candidate, error)

    async def stream(self, write_now: WriteNow | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the answer's events, without those that end a stream.

        Args:
            write_now: may take later events instead of a yield, once the first ones were yielded; takes the pings.

        Raises:
            GatewayError: see `_final_error`, or in mid-stream.
        """
        begun = False
        while not begun:
            candidate = await self._next_candidate()
            try:
                with RunningAttempt(candidate, self._record) as running:
                    call = await self._call(candidate, running)
                    async with (
                        IdleTimeout(call.liveness, self._deadline) as idle,
                        aclosing(self._events(candidate, call, write_now)) as events,
                    ):
                        block = await self._next_block(events, idle, self._timeouts.first_byte_s)
                        if block is None:
                            raise BackendBadAnswer(
                                f"Backend '{candidate.backend.name}' ended its stream without an event. "
                                "Send the request again."
                            )
                        begun = True
                        running.mark_answering()
                        if write_now is not None and self._format.ping:
                            idle.ping_every(self._timeouts.idle_s / 2, partial(write_now, self._format.ping))
                        while block is not None:
                            yield block
                            block = await self._next_block(events, idle, self._timeouts.idle_s)
            except GatewayError as error:
                if begun:
                    raise
                self._note_failure(candidate, error)

    def _events(self, candidate: Candidate, call: Call, write_now: WriteNow | None) -> AsyncGenerator[bytes, None]:
        if write_now is not None and self._format.passes_through:
            call = replace(call, write_now=write_now)
        return self._format.stream(candidate.backend, call, self._fields)

    async def _next_candidate(self) -> Candidate:
        """Wait as long as the retry plan says, then return the candidate of the next attempt."""
        step = self._plan.next()
        while isinstance(step, float) or (step is not None and not await step.state.breaker.may_begin()):
            began = time.perf_counter()
            await asyncio.sleep(step if isinstance(step, float) else 0)
            self._record.meter.add_wait(began, time.perf_counter())
            step = self._plan.next()
        if step is None:
            raise self._final_error()
        if self._unlogged:
            self._log_failure(self._unlogged)
        return step

    async def _complete_one(self, candidate: Candidate, running: RunningAttempt) -> bytes:
        remaining_s = self._deadline - self._clock()
        limit_s = min(remaining_s, self._timeouts.attempt_s or remaining_s)
        try:
            async with asyncio.timeout(limit_s):
                call = await self._call(candidate, running)
                return await self._format.complete(candidate.backend, call, self._fields)
        except TimeoutError:
            within_s = self._timeouts.total_s if limit_s == remaining_s else limit_s
            missed = f"give its whole answer within {within_s:g} s"
            fair_s = _FAIR_SHARE * (self._timeouts.attempt_s or within_s)
            raise self._timeout(missed, is_fair=limit_s >= fair_s) from None

    async def _next_block(self, events: AsyncGenerator[bytes, None], idle: IdleTimeout, idle_s: float) -> bytes | None:
        """The next block, None at the end; bytes of the backend that make none restart the limit of `idle_s`."""
        remaining_s = self._deadline - self._clock()
        try:
            return await idle.wait(anext(events, None), idle_s)
        except TimeoutError:
            if self._clock() >= self._deadline:
                missed = f"end its stream within {self._timeouts.total_s:g} s"
                # A stream that has begun is alive, and only too long.
                has_begun = self._record.attempts[-1].status is not None
                fair_s = _FAIR_SHARE * min(idle_s, self._timeouts.total_s)
                raise self._timeout(missed, is_fair=remaining_s >= fair_s and not has_begun) from None
            raise self._timeout(f"send a byte for {idle_s:g} s") from None

    async def _call(self, candidate: Candidate, running: RunningAttempt) -> Call:
        record, tokens = self._record, candidate.backend.control_tokens
        record.backend, record.dropped, record.neutralised = candidate.backend.name, {}, 0
        record.meter.start_attempt()
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
            if len(call.body) > LARGE_BODY:
                found = await asyncio.to_thread(tokens.neutralised, call.body, call.fields)
            else:
                found = tokens.neutralised(call.body, call.fields)
            body, fields, record.neutralised = found
            call = replace(call, body=body, fields=fields) if record.neutralised else call
        return call

    def _note_failure(self, candidate: Candidate, error: GatewayError) -> None:
        """Tell the retry plan of a failure; raise one that no other attempt can mend."""
        if isinstance(error, ContextTooLong):
            error.name_field(self._record.operation.question_field)
        if not self._plan.failed(candidate, error):
            raise error
        drop_tracebacks(error)
        self._unlogged = error
        if error.fault in {faults.UNSUPPORTED, faults.UNSUPPORTED_THERE}:
            self._passed_over.add(candidate)
            # The client hears of another attempt.
            self._record.dropped, self._record.neutralised = {}, 0
            self._refusal = self._refusal or (error, candidate.backend.name)
        elif self._failure is None or error.fault.may_pass or not self._failure[0].fault.may_pass:
            self._failure = error, candidate.backend.name

    def _final_error(self) -> GatewayError:
        """The error that the client hears when no attempt is left.

        It is the last failure that may pass, else the last one. Only if no other backend was or could have been asked,
        it is the refusal of the first one that cannot carry the request.
        """
        failure, refusal = self._failure, self._refusal
        # An error that is raised holds this frame, and must not be held by it.
        self._failure = self._refusal = self._unlogged = None
        if failure:
            error, self._record.backend = failure
            return self._with_advice(error)
        others = [candidate for candidate in self._route.candidates if candidate not in self._passed_over]
        if refusal and not others:
            error, self._record.backend = refusal
            return error
        return self._all_open(others)

    def _log_failure(self, error: GatewayError) -> None:
        """Log why there is a further attempt; the client does not see it."""
        record = self._record
        self._unlogged = None
        event = "backend_passed_over" if error.fault is faults.UNSUPPORTED else "attempt_failed"
        level = logging.INFO if error.fault is faults.UNSUPPORTED else logging.WARNING
        # Not the message: a backend's may repeat the prompt.
        fields = {"id": record.id, "backend": record.backend, "reason": error.code, "status": error.backend_status}
        log_event(event, level=level, **fields)

    def _with_advice(self, error: GatewayError) -> GatewayError:
        """Add a header that says whether the client should retry, and have Retry-After name the first backend's time.

        It should if the backend said when, or if the gateway made no retries: its own and the client's must not
        multiply. It should not if the same request fails again.
        """
        should_retry = error.fault.retry if error.should_retry is None else error.should_retry
        if should_retry is None:
            should_retry = "retry-after" in error.headers or self._route.retries.attempts == 1
        error.headers["x-should-retry"] = "true" if should_retry else "false"
        # The first backend that may answer again decides, not the last one that refused.
        rest_s = min(candidate.rest_s for candidate in self._route.candidates)
        if 0 < math.ceil(rest_s) < math.ceil(error.cooldown_s):
            error.headers["retry-after"] = str(math.ceil(rest_s))
            error.headers.pop("retry-after-ms", None)
        return error

    def _all_open(self, candidates: Sequence[Candidate]) -> BackendUnavailable:
        return BackendUnavailable(
            f"Every backend of the model '{self._fields['model']}' has failed repeatedly and is left alone for now. "
            "Send the request again after the time in Retry-After.",
            retry_after_s=min(candidate.state.breaker.wait_s() for candidate in candidates),
        )

    def _timeout(self, missed: str, *, is_fair: bool = True) -> BackendTimeout:
        """The error of a limit; it is the backend's fault if the limit is fair."""
        return BackendTimeout(
            f"Backend '{self._record.backend}' did not {missed}. "
            "Ask for less, or have [timeouts] raised in gateway.toml.",
            fault=None if is_fair else faults.OUT_OF_TIME,
        )
