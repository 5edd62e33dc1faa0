"""Puts the parts of a chat stream into Anthropic's content blocks, which come whole and one after the other.

A chat stream may mix the fragments of several tool calls, and text among them. The block of a call stays open until its
arguments are a whole JSON object; parts of later blocks are held back until then, or until the end of the stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from gateway.formats.anthropic.tool_use import begins_no_object, is_object
from gateway.text.json_values import dump_whole, split_half, whole_characters
from gateway.text.sse import EVENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Hashable

Kind = Literal["text", "thinking", "tool_use"]

_EMPTY: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}
_DELTAS = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}
_CALL_DELTA = ("input_json_delta", "partial_json")


class _Block:
    """One block.

    `half` is half a character, whose other half may come with the next part. Arguments are held back as long as they
    are blank or `null`, which no client takes for an object.
    """

    def __init__(self, kind: str, start: dict[str, Any], call_id: str | None = None) -> None:
        self.kind = kind
        self.start = start
        self.call_id = call_id
        self.held: list[str] = []
        self.half = ""
        self._blank: str | None = ""
        self.is_closed = False
        self._arguments: list[str] = []

    def characters(self, text: str) -> str:
        """The whole characters of a part."""
        if self.half or not text.isascii():
            text, self.half = split_half(self.half + text)
            text = whole_characters(text)
        if self.kind != "tool_use":
            return text
        self._arguments.append(text)
        if self._blank is not None:
            text = self._blank + text
            self._blank = text if begins_no_object(text) else None
        return "" if self._blank is not None else text

    def may_close(self) -> bool:
        """Whether no further part of this block can come: text can go on in another block, arguments cannot."""
        if self.kind != "tool_use":
            return True
        arguments = "".join(self._arguments)
        self._arguments = [arguments]
        return is_object(arguments)


class StreamBlocks:
    """The blocks of one stream. Each method returns the events that can be sent now."""

    def __init__(self) -> None:
        self._open: _Block | None = None
        self._index = -1
        self._waiting: list[_Block] = []
        self._held_size = 0
        # By index, the latest; and by index and id, because some servers give all calls the same index.
        self._calls: dict[Hashable, _Block] = {}

    def add(self, kind: Kind, text: str) -> bytes:
        """A part of the text or the thoughts."""
        block = self._waiting[-1] if self._waiting else self._open
        events = b""
        if block is None or block.kind != kind:
            block = _Block(kind, _EMPTY[kind])
            events = self._append(block)
        return events + self._add_to(block, text)

    def knows_call(self, index: Any, call_id: Any, function: dict[str, Any]) -> bool:
        """Whether a fragment belongs to a call that has begun."""
        call = self._call(index, call_id)
        if call is None or (call_id and call.call_id):
            return call is not None
        # One of them has no id: a name after a whole object begins the next call, unless only the name is repeated.
        name = function.get("name")
        if name and (function.get("arguments") or name != call.start["name"]) and call.may_close():
            return False
        if call_id:
            call.call_id = call_id
            self._calls[index, call_id] = call
        return True

    def begin_call(self, index: Any, call_id: Any, start: dict[str, Any]) -> bytes:
        """Begin a call with its `tool_use` block."""
        block = _Block("tool_use", start, call_id or None)
        self._calls[index] = self._calls[index, call_id] = block
        return self._append(block)

    def add_arguments(self, index: Any, call_id: Any, text: str) -> bytes:
        """A fragment of a call's arguments.

        Raises:
            LookupError: the call has not begun, or its arguments were whole already.
        """
        call = self._call(index, call_id)
        if call is None:
            raise LookupError(index)
        return self._add_to(call, text)

    def end(self) -> bytes:
        """All that was held back, and the end of the last block."""
        return self._advance(is_end=True) + self._close()

    def _call(self, index: Any, call_id: Any) -> _Block | None:
        if call_id and (index, call_id) in self._calls:
            return self._calls[index, call_id]
        latest = self._calls.get(index)
        return None if call_id and latest is not None and latest.call_id else latest

    def _append(self, block: _Block) -> bytes:
        self._waiting.append(block)
        return self._advance()

    def _add_to(self, block: _Block, text: str) -> bytes:
        if block.is_closed:
            if text.strip():
                raise LookupError(block.start.get("id"))
            return b""
        text = block.characters(text)
        if block is not self._open:
            self._held_size += len(text)
            if self._held_size > EVENT_LIMIT:
                raise ValueError("too much of the answer is out of order")
            block.held.append(text)
            return b""
        events = self._delta(text)
        # Only the end of an object can make it whole.
        if self._waiting and text.rstrip().endswith("}"):
            events += self._advance()
        return events

    def _advance(self, *, is_end: bool = False) -> bytes:
        """Open the next blocks, as long as the open one may close."""
        events = b""
        while self._waiting and (self._open is None or is_end or self._open.may_close()):
            events += self._close()
            self._open = block = self._waiting.pop(0)
            self._index += 1
            text, block.held = "".join(block.held), []
            self._held_size -= len(text)
            events += event("content_block_start", index=self._index, content_block=block.start) + self._delta(text)
        return events

    def _delta(self, text: str) -> bytes:
        if not text or self._open is None:
            return b""
        kind, field = _DELTAS.get(self._open.kind, _CALL_DELTA)
        return event("content_block_delta", index=self._index, delta={"type": kind, field: text})

    def _close(self) -> bytes:
        block = self._open
        if block is None:
            return b""
        events = self._delta(whole_characters(block.half)) + event("content_block_stop", index=self._index)
        block.is_closed = True
        self._open = None
        return events


def event(kind: str, **fields: Any) -> bytes:
    """One event of Anthropic's."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), dump_whole({"type": kind, **fields}))
