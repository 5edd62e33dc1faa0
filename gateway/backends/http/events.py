"""A backend's stream of server-sent events, cut into whole events and checked for a proper end.

Events are forwarded unparsed, except the few that may hold a finish reason, an error or the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

from gateway.backends.http.content import Opening, has_content
from gateway.backends.http.error_objects import error_in
from gateway.backends.http.refusal import refusal_from_event
from gateway.backends.http.timing import Chunks
from gateway.errors.base import BackendBadAnswer, BackendDisconnected, GatewayError
from gateway.text.json_values import parse_json
from gateway.text.nesting import dump_json
from gateway.text.sse import EventFramer, data_and_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from gateway.backends.base import WriteNow
    from gateway.backends.http.refusal import Hide
    from gateway.backends.http.stream_usage import UsageRemover

# From the last content of a finished answer to its end without `[DONE]`: servers send their counts within milliseconds.
LINGER_S = 1.0

# A finish reason, and the usual spellings of none. Any other spelling of none only costs time.
_REASON, _NO_REASON = b'"finish_reason"', (b'"finish_reason":null', b'"finish_reason": null')


async def whole_events(  # noqa: PLR0913  # what one stream needs
    chunks: AsyncIterator[bytes] | Chunks,
    *,
    backend: str,
    choices: int = 1,
    write_now: WriteNow | None = None,
    usage: UsageRemover | None = None,
    hide: Hide = str,
) -> AsyncGenerator[bytes, None]:
    """Cut a backend's SSE body into whole events, and raise unless it ends properly.

    Args:
        chunks: the body as read from the socket; aiohttp's `ClientError` passes through.
        backend: the backend's name, for messages.
        choices: the number of choices that need a finish reason.
        write_now: takes events instead of yielding them, from the second step on.
        usage: takes out the usage that the client did not ask for.
        hide: hides the gateway's keys in the backend's errors.

    Yields:
        One or more whole events that `write_now` did not take, without `[DONE]`; first those up to the first content.
        An answer whose every choice is finished ends `LINGER_S` after its last content, if the body does not.

    Raises:
        BackendDisconnected: the body ended, cleanly or not, before every choice was finished.
        BackendBadAnswer: no event stream, `[DONE]` before a finish reason, or `EVENT_LIMIT` bytes before any content.
        GatewayError: the backend sent an error event.
    """
    framer = EventFramer(backend)
    body = chunks if isinstance(chunks, Chunks) else None
    state = _StreamState(backend, choices, body, usage, hide)
    writer = _EventWriter(body, framer, state, write_now) if write_now and body else None
    opening = Opening(backend)
    try:
        async for chunk in chunks:
            block = state.filter(framer.feed(chunk))
            if block := opening.add(block):
                yield block
                if writer and (unwritten := await writer.run()):
                    yield unwritten
            if state.error:
                raise state.error
            if state.done:
                break
    except (aiohttp.ClientError, OSError):
        # The answer is complete once every choice is finished.
        if not state.is_complete:
            raise
    finally:
        if body:
            body.let_run()
    if not state.is_complete:
        raise state.incomplete_error()


class _EventWriter:
    """Writes events while the body is read, as long as that needs no wait."""

    def __init__(self, chunks: Chunks, framer: EventFramer, state: _StreamState, write_now: WriteNow) -> None:
        self._chunks = chunks
        self._framer = framer
        self._state = state
        self._write_now = write_now
        self._unwritten = b""

    async def run(self) -> bytes:
        """Relay until the end, or until events cannot be written at once; return those events."""
        self._unwritten = b""
        if not self._state.is_over:
            await self._chunks.relay(self._write_events)
        return self._unwritten

    def _write_events(self, chunk: bytes) -> bool:
        block = self._state.filter(self._framer.feed(chunk))
        if block and not self._write_now(block):
            self._unwritten = block
            return False
        return not self._state.is_over


class _StreamState:
    """Watches one stream for finish reasons, errors and `[DONE]`.

    Args:
        backend: the backend's name, for messages.
        choices: the number of choices that need a finish reason.
        body: is ended soon after the last of them, if it does not end itself.

    Attributes:
        done: whether `[DONE]` has arrived.
        error: the error of an error event or of a malformed event; later events are discarded.
    """

    def __init__(self, backend: str, choices: int, body: Chunks | None, usage: UsageRemover | None, hide: Hide) -> None:
        self.done = False
        self.error: GatewayError | None = None
        self._backend = backend
        self._choices = choices
        self._body = body
        self._usage = usage
        self._hide = hide
        self._finished: set[int] = set()

    @property
    def is_over(self) -> bool:
        """Whether later events are discarded."""
        return self.done or self.error is not None

    @property
    def is_complete(self) -> bool:
        """Whether every choice is finished, so that nothing of the answer can be missing."""
        return len(self._finished) >= self._choices

    def incomplete_error(self) -> GatewayError:
        """The error for a stream that ended before every choice was finished."""
        if self.done:
            return BackendBadAnswer(
                f"Backend '{self._backend}' ended its stream without a finish reason. Send the request again."
            )
        return BackendDisconnected(
            f"Backend '{self._backend}' closed the connection before its answer was complete. Send the request again."
        )

    def filter(self, block: bytes) -> bytes:
        """The part of a block of whole events that goes to the client."""
        usage = self._usage if b'"usage"' in block else None
        if usage is not None:
            block = usage.without_nulls(block)
        if _needs_parsing(block) or (usage is not None and usage.may_remove(block)):
            events = []
            for event in block.split(b"\n\n"):
                try:
                    # Each event by itself: what becomes of it must not depend on its neighbours in a read.
                    events.append(self._observe(event) if self._is_notable(event) else event and event + b"\n\n")
                except GatewayError as error:
                    self.error = error
                if self.is_over:
                    break
            block = b"".join(events)
        if self._finished and self._body and self.is_complete and not self.is_over and has_content(block):
            self._body.end_within(LINGER_S)
        return block

    def _is_notable(self, block: bytes) -> bool:
        return _needs_parsing(block) or (self._usage is not None and self._usage.may_remove(block))

    def _observe(self, event: bytes) -> bytes:
        data, name = data_and_name(event)
        if data == b"[DONE]":
            self.done = True
            return b""
        if not data:
            return event + b"\n\n"
        try:
            answer = parse_json(data)
        except ValueError as error:
            if name == b"error":
                raise refusal_from_event(self._backend, data.decode(errors="replace"), self._hide) from error
            if name and b'"error"' not in data and _REASON not in data:
                # A ping, such as `event: ping` with a time.
                return event + b"\n\n"
            raise BackendBadAnswer(
                f"Backend '{self._backend}' sent an event that is not JSON. Send the request again."
            ) from error
        if said := answer if name == b"error" else error_in(answer):
            raise refusal_from_event(self._backend, said, self._hide)
        if self._usage is not None and isinstance(answer, dict) and self._usage.removes(answer):
            return b""
        if isinstance(answer, dict) and self._remove_repeated_finish(answer):
            event = b"data: " + dump_json(answer, backend=self._backend)
        return event + b"\n\n"

    def _remove_repeated_finish(self, answer: dict[str, Any]) -> bool:
        """Note each choice's finish reason; set a repeated one to null. Returns whether one was repeated."""
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
            if index in self._finished:
                choice["finish_reason"] = None
                changed = True
            self._finished.add(index)
        return changed


def _needs_parsing(block: bytes) -> bool:
    """Whether a block may hold a finish reason, an error or the end; a regular expression takes three times as long.

    JSON escapes quotes in strings, so of these patterns a model's text can only contain `[DONE]`.
    """
    reasons = block.count(_REASON)
    if reasons and reasons != sum(map(block.count, _NO_REASON)):
        return True
    if b"[DONE]" in block:
        return True
    # Most blocks hold neither word, and need no closer look.
    if b"error" in block and (b'"error"' in block or b"\nerror" in block or block.startswith(b"error")):
        return True
    return b"event" in block and (b"\nevent" in block or block.startswith(b"event"))
