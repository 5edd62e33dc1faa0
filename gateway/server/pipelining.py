"""Requests that a client wrote before it got the answers to the ones before them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gateway.api.context import CONTEXT

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

# nginx reads none ahead; so many come with one read of the socket from clients that do this at all.
PIPELINED = 16


class PipelineFullError(Exception):
    """Stops the parser."""


class Pipeline(deque["tuple[RequestResponseCycle, ASGI3Application]"]):
    """uvicorn's queue of such requests, the latest first, with a bound."""

    @property
    def is_full(self) -> bool:
        """Whether no further one is taken."""
        return len(self) >= PIPELINED

    def drop(self) -> None:
        """Let go of all; each of them and its connection refer to each other."""
        for cycle, _ in self:
            cycle.on_response = _do_nothing
            cycle.scope[CONTEXT].write_now = None  # type: ignore[literal-required]  # the gateway's own key
        self.clear()


def _do_nothing() -> None:
    """Take the place of `on_response` in a request that gets no answer."""
