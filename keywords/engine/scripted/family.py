"""What each family of backends has to say: the interface, and what all of them share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keywords.engine.scripted.script import Script

CREATED = 1_700_000_000
CREATED_AT = "2023-11-14T22:13:20Z"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for an answer: its JSON object, and the model that it means."""

    fields: dict[str, Any]
    model: str


@dataclass(frozen=True, slots=True)
class Frames:
    """A stream in whole events: at once, then piece by piece with the script's delays, then the end."""

    early: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    last: tuple[bytes, ...]


class Family(Protocol):
    """One way to say an answer. All methods give the bytes of a body or of a part of it."""

    stream_type: str
    """Content type of a stream."""

    def streams(self, ask: Ask) -> bool:
        """Whether this request asks for a stream."""

    def whole(self, ask: Ask, script: Script) -> bytes:
        """A plain answer."""

    def frames(self, ask: Ask, script: Script) -> Frames:
        """The same as a stream."""

    def error(self, status: int) -> bytes:
        """The body of an answer that is not 200."""

    def stream_error(self) -> bytes:
        """An error in the middle of a stream."""


def dump(value: object) -> bytes:
    """Compact enough, and readable in a log."""
    return json.dumps(value, ensure_ascii=False).encode()


def event(data: object, name: str | None = None) -> bytes:
    """One server-sent event."""
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + dump(data) + b"\n\n"


def halves(text: str) -> tuple[str, str]:
    """A text in two pieces."""
    middle = len(text) // 2
    return text[:middle], text[middle:]


def count_words(parts: Iterable[object]) -> int:
    """One token per word of the prompt: a number that a row can count by hand."""
    return sum(len(str(part).split()) for part in parts)


def prompt_tokens(ask: Ask) -> int:
    """Words of all messages, or of a `prompt` or `input`."""
    messages = ask.fields.get("messages")
    if isinstance(messages, list):
        parts = [message.get("content", "") for message in messages if isinstance(message, dict)]
        return count_words([*parts, ask.fields.get("system", "")])
    said = ask.fields.get("prompt", ask.fields.get("input", ""))
    return count_words(said if isinstance(said, list) else [said])


def answer_tokens(script: Script) -> int:
    """What the script says, chunk by chunk; each tool call counts as one chunk."""
    return script.tokens_per_chunk * (len(script.chunks) + len(script.tool_calls))
