"""Translates a chat stream to Anthropic's events; `gateway.backends.anthropic.answer` does the reverse.

Order: platform.claude.com/docs/en/build-with-claude/streaming. OpenAI counts tokens at the end only, so `message_start`
holds 0, and `message_delta`, whose counts are cumulative, the actual number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.formats.anthropic.answer import (
    checked_text,
    envelope,
    stopped,
    thoughts_in,
    usage_of,
    wants_thoughts,
)
from gateway.formats.anthropic.stream_blocks import StreamBlocks, event
from gateway.formats.anthropic.tool_use import ToolUseIds, arguments_text
from gateway.request.estimate import content_bytes
from gateway.request.usage import Usage, parse_usage
from gateway.text.json_values import parse_json
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
        self._blocks = StreamBlocks()
        self._ids = ToolUseIds()
        self._has_calls = False
        self._last_choice: dict[str, Any] = {}
        self._refused = False
        self._usage: Usage | None = None

    def events(self, block: bytes) -> bytes:
        """Translate a block of whole chat events; empty if they have no counterpart.

        Raises:
            WRONG_SHAPE: an event is not a chat chunk.
        """
        return b"".join(self._translate(part) for part in block.split(b"\n\n") if part)

    def ending(self) -> bytes:
        """The end of the last block, the stop reason and the usage: all but `message_stop`."""
        usage = self._usage or self._meter.estimate(self._request, "messages")
        # The ledger shows the same usage as the client gets.
        self._meter.reported = usage
        fields = {
            "delta": stopped(self._last_choice, self._request, refused=self._refused, calls=self._has_calls),
            "usage": usage_of(usage),
        }
        return self._blocks.end() + event("message_delta", **fields)

    def _translate(self, part: bytes) -> bytes:
        data, name = data_and_name(part)
        if not data or (name and b'"choices"' not in data):
            # A comment, or a backend's own ping.
            return PING if self._begun else b""
        chunk = parse_json(data)
        if usage := parse_usage(chunk):
            self._usage = usage
        choices = chunk.get("choices") if isinstance(chunk, dict) else None
        if not choices or not isinstance(choices, list):
            return b""
        events = b"" if self._begun else self._start(chunk)
        for choice in choices:
            if choice.get("index", 0) == 0:
                events += self._delta(choice.get("delta") or {})
                if reason := choice.get("finish_reason"):
                    checked_text(reason)
                    self._last_choice = choice
        return events

    def _start(self, chunk: dict[str, Any]) -> bytes:
        self._begun = True
        message = envelope(chunk, self._request) | {"usage": usage_of(_NOTHING)}
        return event("message_start", message=message)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        events = b""
        if not self._sends_thoughts:
            self._meter.hidden_bytes += content_bytes(delta.get("reasoning") or delta.get("reasoning_content"))
        elif thoughts := thoughts_in(delta):
            events += self._blocks.add("thinking", thoughts)
        if text := delta.get("content") or delta.get("refusal"):
            self._refused = self._refused or bool(delta.get("refusal"))
            events += self._blocks.add("text", checked_text(text))
        for call in delta.get("tool_calls") or ():
            events += self._tool_call(call)
        return events

    def _tool_call(self, call: dict[str, Any]) -> bytes:
        """Part of a tool call that has begun, or of the next one."""
        function = call.get("function") or {}
        index, call_id = call.get("index", 0), call.get("id")
        call_id = call_id if isinstance(call_id, str) else None
        events = b""
        if not self._blocks.knows_call(index, call_id, function):
            # The first fragment of a call has its name; without one, this raises KeyError or TypeError.
            block = {"type": "tool_use", "id": self._ids.next(call_id), "name": checked_text(function["name"])}
            events = self._blocks.begin_call(index, call_id, block | {"input": {}})
            self._has_calls = True
        if arguments := arguments_text(function.get("arguments")):
            events += self._blocks.add_arguments(index, call_id, arguments)
        return events
