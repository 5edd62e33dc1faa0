"""Decides whether an answer has begun: which events of a stream in OpenAI's format hold a part of it."""

from __future__ import annotations

import re
from typing import Any

from gateway.errors.base import BackendBadAnswer
from gateway.text.json_values import parse_json
from gateway.text.sse import EVENT_LIMIT, data_and_name

# llama.cpp's server begins a text completion of several choices with it; clients break on it.
_NULL_EVENT = b"data: null\n\n"
_TEXT = re.compile(rb'"content": ?"[^"]')


class Opening:
    """Holds back what comes before the first content, because until then another backend may have to answer.

    Args:
        backend: the backend's name, for messages.
    """

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._held: bytearray | None = bytearray()

    def add(self, block: bytes) -> bytes:
        """Return what goes to the client of a block of whole events, after all that was held back.

        Raises:
            BackendBadAnswer: the first content is no JSON, or over `EVENT_LIMIT` bytes came before any.
        """
        if self._held is None or not block:
            return block
        self._held += block
        if self._begins(block):
            events = bytes(self._held).removeprefix(_NULL_EVENT)
            self._held = None
            return events
        if len(self._held) > EVENT_LIMIT:
            raise BackendBadAnswer(
                f"Backend '{self._backend}' sent over {EVENT_LIMIT} bytes without an answer. Send the request again."
            )
        return b""

    def _begins(self, block: bytes) -> bool:
        """Whether the first content is in a block; what follows it there does not count."""
        if b'"choices"' not in block:
            return False
        try:
            return any(_holds_content(event) for event in block.split(b"\n\n") if event)
        except ValueError as error:
            raise BackendBadAnswer(
                f"Backend '{self._backend}' sent an event that is not JSON. Send the request again."
            ) from error


def has_content(block: bytes) -> bool:
    """Whether an event of a block of whole events holds text, thoughts, a tool call or a finish reason.

    Comments, `retry:`, pings, counts, the results of filters, and a role alone are no part of the answer.
    """
    if b'"choices"' not in block:
        return False
    # JSON escapes quotes in strings, so this is a key and its value: most texts need no parsing.
    if _TEXT.search(block) is not None:
        return True
    try:
        return any(_holds_content(event) for event in block.split(b"\n\n") if event)
    except ValueError:
        # What cannot be read passes in mid-stream.
        return True


def _holds_content(event: bytes) -> bool:
    """Whether an event holds content.

    Raises:
        ValueError: it is no JSON.
    """
    data, _ = data_and_name(event)
    if b'"choices"' not in data:
        return False
    chunk = parse_json(data)
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    return isinstance(choices, list) and any(map(_is_content, choices))


def _is_content(choice: Any) -> bool:
    if not isinstance(choice, dict):
        return True
    delta = choice.get("delta")
    if isinstance(delta, dict):
        delta = any(value for name, value in delta.items() if name != "role")
    return bool(delta or choice.get("text") or choice.get("finish_reason"))
