"""From a model's id to an answer: which backends, in which order, within which limits of time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from gateway.backends.base import ChatCall
from gateway.errors import BackendBadAnswer, BackendTimeout, GatewayError, ModelNotFound
from gateway.telemetry import say

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from gateway.backends.base import Backend
    from gateway.config import ModelConfig
    from gateway.config_sections import Timeouts
    from gateway.telemetry import RequestRecord


@dataclass(frozen=True, slots=True)
class Step:
    """One backend of a route, and the model's name there."""

    backend: Backend
    model: str


class Routes:
    """The routes of all models.

    Args:
        models: the configured models.
        backends: the backends by name.

    Attributes:
        steps: of each model, in order; at least one.
    """

    def __init__(self, models: Mapping[str, ModelConfig], backends: Mapping[str, Backend]) -> None:
        self.steps: dict[str, tuple[Step, ...]] = {
            model: tuple(Step(backends[step.backend], step.model or model) for step in config.route)
            for model, config in models.items()
        }

    def to(self, model: str) -> tuple[Step, ...]:
        """The steps of a model's route.

        Raises:
            ModelNotFound: 404, with the nearest id if one is near.
        """
        steps = self.steps.get(model)
        if steps is None:
            near = get_close_matches(model[:200], self.steps, n=1)
            raise ModelNotFound(model, near[0] if near else None)
        return steps


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
            async with aclosing(step.backend.stream(self._call(step))) as events:
                try:
                    block = await self._next(events, self._timeouts.first_byte_s, deadline)
                except GatewayError as error:
                    self._raise_if_final(error, step)
                    continue
                if block is None:
                    raise BackendBadAnswer(
                        f"Backend '{step.backend.name}' ended its stream without an event. Send the request again."
                    )
                while block is not None:
                    yield block
                    block = await self._next(events, self._timeouts.idle_s, deadline)
                return

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
        return ChatCall(
            body=self._body,
            fields=self._fields,
            model=self._fields["model"],
            backend_model=step.model,
            request_id=self._record.id,
            stream=self._record.streamed,
        )

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
