"""Interface of the wire formats, and what they share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keywords.engine.scripted.script import Script

CREATED = 1_700_000_000
THOUGHT = "Hm. "
CREATED_AT = "2023-11-14T22:13:20Z"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request for a model's answer: its JSON object and the model's name."""

    fields: dict[str, Any]
    model: str


@dataclass(frozen=True, slots=True)
class Frames:
    """The events of a stream: `early` at once, `pieces` with the script's delays, then `last`."""

    early: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    last: tuple[bytes, ...]


class Family(Protocol):
    """The wire format of one family of backends. All methods return the bytes of a body or a part of it."""

    stream_type: str
    """Content type of a stream."""

    def streams(self, request: ModelRequest) -> bool:
        """Whether this request asks for a stream."""

    def whole(self, request: ModelRequest, script: Script) -> bytes:
        """The body of an answer that is no stream."""

    def frames(self, request: ModelRequest, script: Script) -> Frames:
        """The events of a streamed answer."""

    def error(self, status: int) -> bytes:
        """The body of an error answer."""

    def stream_error(self) -> bytes:
        """The event of an error within a stream."""


def dump(value: object) -> bytes:
    """JSON in UTF-8, unescaped, so that a log is readable."""
    return json.dumps(value, ensure_ascii=False).encode()


def event(data: object, name: str | None = None) -> bytes:
    """One server-sent event."""
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + dump(data) + b"\n\n"


def halves(text: str) -> tuple[str, str]:
    """Both halves of a text."""
    middle = len(text) // 2
    return text[:middle], text[middle:]


def count_words(parts: Iterable[object]) -> int:
    """Number of words; each counts as one token, so that a row can count them by hand."""
    return sum(len(str(part).split()) for part in parts)


def prompt_tokens(request: ModelRequest) -> int:
    """Number of words in all messages, or in `prompt` or `input`."""
    messages = request.fields.get("messages")
    if isinstance(messages, list):
        parts = [message.get("content", "") for message in messages if isinstance(message, dict)]
        return count_words([*parts, request.fields.get("system", "")])
    prompt = request.fields.get("prompt", request.fields.get("input", ""))
    return count_words(prompt if isinstance(prompt, list) else [prompt])


def answer_tokens(script: Script) -> int:
    """Tokens of the scripted answer, those of thoughts included; each tool call counts as one chunk."""
    return script.tokens_per_chunk * (len(script.chunks) + len(script.tool_calls)) + thought_tokens(script)


def thought_tokens(script: Script) -> int:
    """Tokens of the scripted thoughts."""
    return script.tokens_per_thought * script.thoughts
