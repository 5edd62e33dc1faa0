"""Translates a chat stream to Anthropic's events; `gateway.backends.anthropic.answer` does the reverse.

Order: platform.claude.com/docs/en/build-with-claude/streaming. OpenAI counts tokens at the end only, so `message_start`
holds 0, and `message_delta`, whose counts are cumulative, the actual number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.formats.anthropic.answer import (
    checked_text,
    envelope,
    stopped,
    thoughts_in,
    usage_of,
    wants_thoughts,
)
from gateway.request.estimate import content_bytes
from gateway.request.usage import parse_usage
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from gateway.request.usage import Meter, Usage

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class MessageStream:
    """Translates one stream.

    Args:
        request: the client's request.
        meter: takes note of the usage that the client gets.
    """

    def __init__(self, request: dict[str, Any], meter: Meter) -> None:
        self._request = request
        self._meter = meter
        self._sends_thoughts = wants_thoughts(request)
        self._begun = False
        # The open block: its type, its index among all blocks, and the index and id of its tool call.
        self._open: str | None = None
        self._index = -1
        self._call: tuple[int, str | None] = (0, None)
        self._last_choice: dict[str, Any] = {}
        self._refused = False
        self._usage: Usage | None = None

    def events(self, block: bytes) -> bytes:
        """Translate a block of whole chat events; empty if they have no counterpart.

        Raises:
            WRONG_SHAPE: an event is not a chat chunk.
        """
        return b"".join(self._translate(event) for event in block.split(b"\n\n") if event)

    def ending(self) -> bytes:
        """The end of the last block, the stop reason and the usage: all but `message_stop`."""
        usage = self._usage or self._meter.estimate(self._request, "messages")
        # The ledger shows the same usage as the client gets.
        self._meter.reported = usage
        fields = {"delta": stopped(self._last_choice, self._request, refused=self._refused), "usage": usage_of(usage)}
        return self._close_block() + _event("message_delta", **fields)

    def _translate(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        if not data:
            return PING if self._begun else b""
        chunk = orjson.loads(data)
        events = b"" if self._begun else self._start(chunk)
        if usage := parse_usage(chunk):
            self._usage = usage
        for choice in chunk["choices"]:
            if choice.get("index", 0) == 0:
                events += self._delta(choice.get("delta") or {})
                if reason := choice.get("finish_reason"):
                    checked_text(reason)
                    self._last_choice = choice
        return events

    def _start(self, chunk: dict[str, Any]) -> bytes:
        self._begun = True
        message = envelope(chunk, self._request) | {"usage": {"input_tokens": 0, "output_tokens": 0}}
        return _event("message_start", message=message)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        events = b""
        if not self._sends_thoughts:
            self._meter.hidden_bytes += content_bytes(delta.get("reasoning") or delta.get("reasoning_content"))
        elif thoughts := thoughts_in(delta):
            if self._open != "thinking":
                events += self._open_block("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            events += self._send_delta({"type": "thinking_delta", "thinking": thoughts})
        if text := delta.get("content") or delta.get("refusal"):
            self._refused = self._refused or bool(delta.get("refusal"))
            if self._open != "text":
                events += self._open_block("text", {"type": "text", "text": ""})
            events += self._send_delta({"type": "text_delta", "text": checked_text(text)})
        for call in delta.get("tool_calls") or ():
            events += self._tool_call(call)
        return events

    def _tool_call(self, call: dict[str, Any]) -> bytes:
        """Part of the open tool call, or of the next one. Some servers give all calls the same index."""
        function = call.get("function") or {}
        index, call_id = call.get("index", 0), call.get("id")
        events = b""
        if self._open != "tool_use" or index != self._call[0] or call_id not in {None, "", self._call[1]}:
            # More of a call whose block is closed has no name: it raises KeyError or TypeError.
            block = {"type": "tool_use", "id": checked_text(call_id), "name": checked_text(function["name"])}
            events = self._open_block("tool_use", block | {"input": {}})
            self._call = index, call_id
        if arguments := function.get("arguments"):
            events += self._send_delta({"type": "input_json_delta", "partial_json": checked_text(arguments)})
        return events

    def _open_block(self, kind: str, block: dict[str, Any]) -> bytes:
        """Close the open block, and open the next one."""
        end = self._close_block()
        self._open = kind
        self._index += 1
        return end + _event("content_block_start", index=self._index, content_block=block)

    def _send_delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)

    def _close_block(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))
