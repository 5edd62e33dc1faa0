"""Notes and bounds the bytes of a provider's answer, before LiteLLM collects them or leaves them out."""

from __future__ import annotations

import time
from contextlib import aclosing
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

import aiohttp

from gateway.backends.http.timing import AnswerTooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class CompressedAnswerError(aiohttp.ClientPayloadError):
    """An answer is compressed, although the request forbade it: few bytes of it can become very many."""


class Arrivals:
    """The latest arrival, as `gateway.request.liveness` reads it, and how much more may come.

    Args:
        limit: the most bytes of a whole answer, or of a stream until its next chunk.

    Attributes:
        arrived: `time.perf_counter()` of the latest arrival.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.note()

    def note(self) -> None:
        """Note that a chunk came now."""
        self.arrived = time.perf_counter()
        self._left = self._limit

    def read(self, size: int) -> None:
        """Note that `size` bytes came now.

        Raises:
            AnswerTooLargeError: they are too many.
        """
        self.arrived = time.perf_counter()
        self._left -= size
        if self._left < 0:
            raise AnswerTooLargeError(self._limit)


# A context variable, because LiteLLM passes nothing of a call to its transport.
ARRIVALS: ContextVar[Arrivals | None] = ContextVar("arrivals", default=None)
"""Of the answer that this task reads."""


def watch_bytes() -> None:
    """Let LiteLLM's transport report each read to `ARRIVALS`; LiteLLM has no public way to see its connections.

    It is the transport of all providers but a few with libraries of their own, such as Bedrock. What is read is not
    decompressed yet, so it asks for plain answers and raises `CompressedAnswerError` for others.
    """
    transport: Any = import_module("litellm.llms.custom_httpx.aiohttp_transport")
    plain = transport.AiohttpResponseStream.__aiter__
    if getattr(plain, "is_watched", False):
        return
    send = transport.LiteLLMAiohttpTransport.handle_async_request

    async def watched(self: Any) -> AsyncGenerator[bytes, None]:
        async with aclosing(plain(self)) as chunks:
            async for chunk in chunks:
                if (arrivals := ARRIVALS.get()) is not None:
                    arrivals.read(len(chunk))
                yield chunk

    async def send_for_plain(self: Any, request: Any) -> Any:
        request.headers["accept-encoding"] = "identity"
        response = await send(self, request)
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            await response.aclose()
            raise CompressedAnswerError("the answer is compressed")
        return response

    watched.is_watched = True  # type: ignore[attr-defined]  # so that a second start does not wrap it again
    transport.AiohttpResponseStream.__aiter__ = watched
    transport.LiteLLMAiohttpTransport.handle_async_request = send_for_plain
