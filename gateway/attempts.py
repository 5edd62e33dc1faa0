"""The attempts to answer one request: one after the other along its route, within one limit of time."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gateway.backends.base import ChatCall
from gateway.errors import BackendBadAnswer, BackendTimeout, GatewayError, InternalError
from gateway.telemetry import say

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from gateway.config_sections import Timeouts
    from gateway.record import RequestRecord
    from gateway.routing import Step

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
        outcome: `cancelled` if the client left, or the gateway was stopped, before it ended.
    """

    backend: str
    model: str
    started: float = field(default_factory=time.perf_counter)
    elapsed_s: float = 0.0
    status: int | None = None
    reason: str | None = None
    outcome: Outcome = "running"

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
    """The attempts to answer one request: along its route, but on to the next backend only if not a byte went out.

    Args:
        steps: the route.
        record: takes note of the backend of the last attempt.
        body: the client's bytes.
        fields: `body` parsed and checked.
        timeouts: limits; `total_s` counts over all attempts.
    """

    def __init__(
        self, steps: tuple[Step, ...], record: RequestRecord, body: bytes, fields: dict[str, Any], timeouts: Timeouts
    ) -> None:
        self._steps = steps
        self._record = record
        record.asked = fields
        self._body = body
        self._fields = fields
        self._timeouts = timeouts

    async def complete(self) -> bytes:
        """The whole answer.

        Raises:
            GatewayError: of the last attempt.
        """
        total_s = self._timeouts.total_s
        try:
            async with asyncio.timeout(total_s):
                for step in self._steps:
                    try:
                        with self._recorded(step):
                            return await step.backend.complete(self._call(step))
                    except GatewayError as error:
                        self._raise_if_final(error, step)
        except TimeoutError:
            raise self._timeout(f"give its whole answer within {total_s:g} s") from None
        raise AssertionError  # the last step returned or raised

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The answer's events, without `[DONE]`.

        Raises:
            GatewayError: of the last attempt, or in mid-stream.
        """
        deadline = asyncio.get_running_loop().time() + self._timeouts.total_s
        for step in self._steps:
            begun = False
            try:
                with self._recorded(step) as attempt:
                    async with aclosing(step.backend.stream(self._call(step))) as events:
                        block = await self._next(events, self._timeouts.first_byte_s, deadline)
                        if block is None:
                            raise BackendBadAnswer(
                                f"Backend '{step.backend.name}' ended its stream without an event. "
                                "Send the request again."
                            )
                        begun = True
                        attempt.status = 200
                        while block is not None:
                            yield block
                            block = await self._next(events, self._timeouts.idle_s, deadline)
                        return
            except GatewayError as error:
                if begun:
                    raise
                self._raise_if_final(error, step)

    async def _next(self, events: AsyncGenerator[bytes, None], quiet_s: float, deadline: float) -> bytes | None:
        limit_s = min(quiet_s, deadline - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(limit_s):
                return await anext(events, None)
        except TimeoutError:
            if limit_s < quiet_s:
                raise self._timeout(f"end its stream within {self._timeouts.total_s:g} s") from None
            raise self._timeout(f"send an event for {quiet_s:g} s") from None

    def _call(self, step: Step) -> ChatCall:
        self._record.backend = step.backend.name
        self._record.dropped = []
        return ChatCall(
            body=self._body,
            fields=self._fields,
            model=self._fields["model"],
            backend_model=step.model,
            request_id=self._record.id,
            stream=self._record.streamed,
            strict=self._record.strict or step.backend.strict,
            dropped=self._record.dropped,
        )

    @contextmanager
    def _recorded(self, step: Step) -> Iterator[Attempt]:
        """Take down the attempt that runs within, and how it ends."""
        attempt = Attempt(step.backend.name, step.model)
        self._record.attempts.append(attempt)
        try:
            yield attempt
        except (asyncio.CancelledError, GeneratorExit):
            attempt.end("cancelled", status=attempt.status)
            raise
        except GatewayError as error:
            attempt.end("failed", status=attempt.status or error.backend_status, reason=error.code)
            raise
        except TimeoutError:
            attempt.end("failed", reason=BackendTimeout.default_code)
            raise
        except Exception:
            attempt.end("failed", reason=InternalError.default_code)
            raise
        attempt.end("answered", status=200)

    def _raise_if_final(self, error: GatewayError, step: Step) -> None:
        if error.reached or step is self._steps[-1]:
            raise error
        say(
            "attempt_failed", level=logging.WARNING, id=self._record.id, backend=step.backend.name, reason=error.message
        )

    def _timeout(self, what: str) -> BackendTimeout:
        return BackendTimeout(
            f"Backend '{self._record.backend}' did not {what}. Ask for less, or have [timeouts] raised in gateway.toml."
        )
