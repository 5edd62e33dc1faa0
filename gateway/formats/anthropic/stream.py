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
    prompt_of,
    stopped,
    thoughts_in,
    usage_of,
    wants_thoughts,
)
from gateway.formats.anthropic.tool_use import ToolUseIds, arguments_text, begins_no_object, is_complete
from gateway.request.usage import Usage, parse_usage, prompt_size
from gateway.text.sse import data_and_name

if TYPE_CHECKING:
    from gateway.request.usage import Meter

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

_NOTHING = Usage(0, 0, "estimate")


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
        # The arguments of the open call as they came, and those that are held back because they begin no object.
        self._arguments: list[str] = []
        self._held: str | None = ""
        self._ids = ToolUseIds()
        self._calls = False
        self._last_choice: dict[str, Any] = {}
        self._refused = False
        self._usage: Usage | None = None
        self._deltas = 0

    def events(self, block: bytes) -> bytes:
        """Translate a block of whole chat events; empty if they have no counterpart.

        Raises:
            WRONG_SHAPE: an event is not a chat chunk.
        """
        return b"".join(self._translate(event) for event in block.split(b"\n\n") if event)

    def ending(self) -> bytes:
        """The end of the last block, the stop reason and the usage: all but `message_stop`."""
        usage = self._usage or Usage(prompt_size(prompt_of(self._request)), self._deltas, "estimate")
        # The ledger shows the same usage as the client gets.
        self._meter.reported = usage
        fields = {
            "delta": stopped(self._last_choice, self._request, refused=self._refused, calls=self._calls),
            "usage": usage_of(usage),
        }
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
        message = envelope(chunk, self._request) | {"usage": usage_of(_NOTHING)}
        return _event("message_start", message=message)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        events = b""
        if self._sends_thoughts and (thoughts := thoughts_in(delta)):
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
        if self._open != "tool_use" or index != self._call[0] or self._is_next(call_id, function.get("name")):
            # More of a call whose block is closed has no name: it raises KeyError or TypeError.
            block = {"type": "tool_use", "id": self._ids.next(call_id), "name": checked_text(function["name"])}
            events = self._open_block("tool_use", block | {"input": {}})
            self._call, self._arguments, self._calls = (index, call_id), [], True
            self._held = ""
        if arguments := arguments_text(function.get("arguments")):
            events += self._send_arguments(arguments)
        return events

    def _send_arguments(self, text: str) -> bytes:
        """The arguments, but hold them back while they are blank or `null`, which no client takes for an object."""
        self._arguments.append(text)
        if self._held is not None:
            text = self._held + text
            self._held = text if begins_no_object(text) else None
        return b"" if self._held else self._send_delta({"type": "input_json_delta", "partial_json": text})

    def _is_next(self, call_id: Any, name: Any) -> bool:
        """Whether a fragment under the open call's index begins another call.

        Its id is another one; or one of them has none, but it has a name, and the open call all its arguments.
        """
        if call_id and self._call[1]:
            return bool(call_id != self._call[1])
        return bool(name) and is_complete(self._arguments)

    def _open_block(self, kind: str, block: dict[str, Any]) -> bytes:
        """Close the open block, and open the next one."""
        end = self._close_block()
        self._open = kind
        self._index += 1
        return end + _event("content_block_start", index=self._index, content_block=block)

    def _send_delta(self, delta: dict[str, Any]) -> bytes:
        self._deltas += 1
        return _event("content_block_delta", index=self._index, delta=delta)

    def _close_block(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))
