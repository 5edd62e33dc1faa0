"""A chat stream as Anthropic's events: the counterpart of `AnthropicStream` in `gateway.backends.anthropic.answer`.

Order: platform.claude.com/docs/en/build-with-claude/streaming. OpenAI counts tokens at the end only, so `message_start`
says 0, and `message_delta`, whose counts are cumulative, says the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.formats.anthropic.answer import (
    checked_text,
    envelope,
    prompt_of,
    stopped,
    thoughts_in,
    usage_of,
    wants_thoughts,
)
from gateway.request.usage import Usage, parse_usage, prompt_size
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from gateway.request.usage import Meter

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class MessageStream:
    """Translates one stream.

    Args:
        asked: the client's request.
        meter: notes the tokens that the client is told.
    """

    def __init__(self, asked: dict[str, Any], meter: Meter) -> None:
        self._asked = asked
        self._meter = meter
        self._thoughts = wants_thoughts(asked)
        self._begun = False
        # The block under way: its type, its place among all blocks, and the index and id of the call that it is.
        self._open: str | None = None
        self._index = -1
        self._call: tuple[int, str | None] = (0, None)
        self._last: dict[str, Any] = {}
        self._refused = False
        self._counted: Usage | None = None
        self._pieces = 0

    def events(self, block: bytes) -> bytes:
        """Anthropic's events for a block of whole chat events; empty if they say nothing to a client of its own.

        Raises:
            WRONG_SHAPE: an event is no chat chunk.
        """
        return b"".join(self._translated(event) for event in block.split(b"\n\n") if event)

    def ending(self) -> bytes:
        """The end of the last block, why the answer ended and what it took; all but `message_stop`."""
        usage = self._counted or Usage(prompt_size(prompt_of(self._asked)), self._pieces, "estimate")
        # The ledger tells the same number as the client gets.
        self._meter.reported = usage
        told = {"delta": stopped(self._last, self._asked, refused=self._refused), "usage": usage_of(usage)}
        return self._closed() + _event("message_delta", **told)

    def _translated(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        if not data:
            return PING if self._begun else b""
        chunk = orjson.loads(data)
        passed = b"" if self._begun else self._start(chunk)
        if usage := parse_usage(chunk):
            self._counted = usage
        for choice in chunk["choices"]:
            if choice.get("index", 0) == 0:
                passed += self._delta(choice.get("delta") or {})
                if reason := choice.get("finish_reason"):
                    checked_text(reason)
                    self._last = choice
        return passed

    def _start(self, chunk: dict[str, Any]) -> bytes:
        self._begun = True
        message = envelope(chunk, self._asked) | {"usage": {"input_tokens": 0, "output_tokens": 0}}
        return _event("message_start", message=message)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        passed = b""
        if self._thoughts and (thoughts := thoughts_in(delta)):
            if self._open != "thinking":
                passed += self._next("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            passed += self._piece({"type": "thinking_delta", "thinking": thoughts})
        if text := delta.get("content") or delta.get("refusal"):
            self._refused = self._refused or bool(delta.get("refusal"))
            if self._open != "text":
                passed += self._next("text", {"type": "text", "text": ""})
            passed += self._piece({"type": "text_delta", "text": checked_text(text)})
        for call in delta.get("tool_calls") or ():
            passed += self._tool_call(call)
        return passed

    def _tool_call(self, call: dict[str, Any]) -> bytes:
        """A piece of a call: of the one under way, or of the next. Some servers give all calls the same index."""
        function = call.get("function") or {}
        number, known_as = call.get("index", 0), call.get("id")
        passed = b""
        if self._open != "tool_use" or number != self._call[0] or known_as not in {None, "", self._call[1]}:
            # Without a name this is more of a call whose block is closed already, and raises KeyError or TypeError.
            block = {"type": "tool_use", "id": checked_text(known_as), "name": checked_text(function["name"])}
            passed = self._next("tool_use", block | {"input": {}})
            self._call = number, known_as
        if arguments := function.get("arguments"):
            passed += self._piece({"type": "input_json_delta", "partial_json": checked_text(arguments)})
        return passed

    def _next(self, kind: str, block: dict[str, Any]) -> bytes:
        """The beginning of a block, after the end of the one before."""
        closed = self._closed()
        self._open = kind
        self._index += 1
        return closed + _event("content_block_start", index=self._index, content_block=block)

    def _piece(self, delta: dict[str, Any]) -> bytes:
        self._pieces += 1
        return _event("content_block_delta", index=self._index, delta=delta)

    def _closed(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))
