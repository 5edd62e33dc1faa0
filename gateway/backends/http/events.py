"""A backend's stream of server-sent events: whole events, ended properly or with an exception.

Events are forwarded unparsed. Only the few that may carry a finish reason, an error or the end are looked into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from gateway.backends.http.refusal import refusal_from_event
from gateway.backends.http.timing import Chunks
from gateway.errors.base import BackendBadAnswer, BackendDisconnected, GatewayError
from gateway.text.nesting import dump_json
from gateway.text.sse import EventFramer, data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from gateway.backends.base import WriteNow

# What llama.cpp's server begins a text completion of several choices with; clients break on it.
_NOTHING = b"data: null\n\n"

# Whether an event has a finish reason or says that it has none; another way to write the latter only costs time.
_REASON, _NO_REASON = b'"finish_reason"', (b'"finish_reason":null', b'"finish_reason": null')


async def whole_events(
    chunks: AsyncIterator[bytes] | Chunks, *, backend: str, choices: int = 1, write_now: WriteNow | None = None
) -> AsyncGenerator[bytes, None]:
    """A backend's SSE body as whole events, ended properly or with an exception.

    Args:
        chunks: the body as it comes from the socket; aiohttp's `ClientError` passes through.
        backend: the backend's name, for messages.
        choices: how many choices must have a finish reason at the end.
        write_now: may be given events instead of yielding them, from the second step on.

    Yields:
        One or more whole events, without `[DONE]`: those that `write_now` did not take.

    Raises:
        BackendDisconnected: the body ended, cleanly or not, before every choice was finished.
        BackendBadAnswer: no event stream, or `[DONE]` before a finish reason.
        GatewayError: what an error event of the backend says.
    """
    framer = EventFramer(backend)
    ending = _Ending(backend)
    relay = _Relay(chunks, framer, ending, write_now) if write_now and isinstance(chunks, Chunks) else None
    begun = False
    try:
        async for chunk in chunks:
            block = ending.pass_on(framer.feed(chunk))
            if not begun:
                begun = block != b""
                block = block.removeprefix(_NOTHING)
            if block:
                yield block
                if relay and (left := await relay.left()):
                    yield left
            if ending.error:
                raise ending.error
            if ending.done:
                break
    except (aiohttp.ClientError, OSError):
        # Nothing of the answer is missing once every choice is finished.
        if len(ending.finished) < choices:
            raise
    if len(ending.finished) < choices:
        raise ending.too_soon()


class _Relay:
    """Writes a body's events while they are read, as long as that needs no wait."""

    def __init__(self, chunks: Chunks, framer: EventFramer, ending: _Ending, write_now: WriteNow) -> None:
        self._chunks = chunks
        self._framer = framer
        self._ending = ending
        self._write_now = write_now
        self._left = b""

    async def left(self) -> bytes:
        """Relay until the end, or until some whole events cannot be written at once: those."""
        self._left = b""
        if not self._ending.over:
            await self._chunks.relay(self._write_events)
        return self._left

    def _write_events(self, chunk: bytes) -> bool:
        block = self._ending.pass_on(self._framer.feed(chunk))
        if block and not self._write_now(block):
            self._left = block
            return False
        return not self._ending.over


class _Ending:
    """Watches one stream for finish reasons, errors and `[DONE]`.

    Attributes:
        finished: indexes of the choices that have their finish reason.
        done: `[DONE]` has come.
        error: what an error event said, or what is wrong with an event; nothing after it is passed on.
    """

    def __init__(self, backend: str) -> None:
        self.finished: set[int] = set()
        self.done = False
        self.error: GatewayError | None = None
        self._backend = backend

    @property
    def over(self) -> bool:
        """Whether nothing more is to be passed on."""
        return self.done or self.error is not None

    def too_soon(self) -> GatewayError:
        """The error for a stream that ended before every choice was finished."""
        if self.done:
            return BackendBadAnswer(
                f"Backend '{self._backend}' ended its stream without a finish reason. Send the request again."
            )
        return BackendDisconnected(
            f"Backend '{self._backend}' closed the connection before its answer was complete. Send the request again."
        )

    def pass_on(self, block: bytes) -> bytes:
        """The part of a block of whole events that the client shall see."""
        if not _is_notable(block):
            return block
        kept = []
        for event in block.split(b"\n\n"):
            try:
                kept.append(self._observe(event) if event else b"")
            except GatewayError as error:
                self.error = error
            if self.over:
                break
        return b"".join(kept)

    def _observe(self, event: bytes) -> bytes:
        data, name = data_and_name(event)
        if data == b"[DONE]":
            self.done = True
            return b""
        if not data:
            return event + b"\n\n"
        try:
            answer = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            if name == b"error":
                raise refusal_from_event(self._backend, data.decode(errors="replace")) from error
            raise BackendBadAnswer(
                f"Backend '{self._backend}' sent an event that is not JSON. Send the request again."
            ) from error
        if isinstance(answer, dict) and (answer.get("error") or name == b"error"):
            raise refusal_from_event(self._backend, answer.get("error") or answer)
        if isinstance(answer, dict) and self._take_out_second_finish(answer):
            event = b"data: " + dump_json(answer, backend=self._backend)
        return event + b"\n\n"

    def _take_out_second_finish(self, answer: dict[str, Any]) -> bool:
        """Note each choice's finish reason; null one that comes again, and say whether there was one."""
        choices = answer.get("choices")
        changed = False
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, dict) or not choice.get("finish_reason"):
                continue
            index = choice.get("index", 0)
            if not isinstance(index, int):
                raise BackendBadAnswer(
                    f"Backend '{self._backend}' sent a choice whose index is no number. Send the request again."
                )
            if index in self.finished:
                choice["finish_reason"] = None
                changed = True
            self.finished.add(index)
        return changed


def _is_notable(block: bytes) -> bool:
    """Whether a block may hold a finish reason, an error or the end; a regular expression takes three times as long.

    A quote inside a JSON string is escaped, so nothing of this can come from a model's words but `[DONE]`.
    """
    if block.count(_REASON) != sum(map(block.count, _NO_REASON)):
        return True
    if b'"error"' in block or b"[DONE]" in block:
        return True
    return block.startswith((b"error", b"event")) or b"\nerror" in block or b"\nevent" in block
