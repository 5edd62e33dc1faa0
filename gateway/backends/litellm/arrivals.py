"""Notes when bytes of a provider's answer come, before LiteLLM leaves out what it takes for nothing."""

from __future__ import annotations

import time
from contextlib import aclosing
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Arrivals:
    """The latest arrival, as `gateway.request.liveness` reads it."""

    def __init__(self) -> None:
        self.note()

    def note(self) -> None:
        """Note that something came now."""
        self.arrived = time.perf_counter()


# A context variable, because LiteLLM passes nothing of a call to its transport.
ARRIVALS: ContextVar[Arrivals | None] = ContextVar("arrivals", default=None)
"""Of the stream that this task reads."""


def watch_bytes() -> None:
    """Let LiteLLM's transport note each read in `ARRIVALS`; LiteLLM has no public way to see its connections.

    It is the transport of all providers but a few with libraries of their own, such as Bedrock.
    """
    transport: Any = import_module("litellm.llms.custom_httpx.aiohttp_transport")
    plain = transport.AiohttpResponseStream.__aiter__
    if getattr(plain, "is_watched", False):
        return

    async def watched(self: Any) -> AsyncGenerator[bytes, None]:
        async with aclosing(plain(self)) as chunks:
            async for chunk in chunks:
                if (arrivals := ARRIVALS.get()) is not None:
                    arrivals.note()
                yield chunk

    watched.is_watched = True  # type: ignore[attr-defined]  # so that a second start does not wrap it again
    transport.AiohttpResponseStream.__aiter__ = watched
