"""What llama.cpp's chat lacks of OpenAI's: a stream of several choices tells the tokens of each one with its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.meter import METER, Usage, usage_in
from gateway.sse import data_and_name

if TYPE_CHECKING:
    from gateway.backends.base import Call


class ChoicesUsage:
    """Adds up what llama.cpp tells of each choice when that one has ended.

    Args:
        call: a call for a stream of several choices.
    """

    def __init__(self, call: Call) -> None:
        self._include_usage = bool((call.fields.get("stream_options") or {}).get("include_usage"))
        self._prompt = 0
        self._completion = 0
        self._envelope: dict[str, Any] = {}

    def translated(self, block: bytes) -> bytes:
        """A block of whole events without the count of one choice; most pass as they are."""
        if b'"usage":' not in block and b'"timings":' not in block:
            return block
        return b"".join(self._event(event) for event in block.split(b"\n\n") if event)

    def usage(self) -> bytes:
        """After the last event: the tokens of all choices, noted for the ledger, and as an event if asked for."""
        METER.get().counted = Usage(self._prompt, self._completion, "backend")
        if not self._include_usage:
            return b""
        usage = {
            "prompt_tokens": self._prompt,
            "completion_tokens": self._completion,
            "total_tokens": self._prompt + self._completion,
        }
        return b"data: " + orjson.dumps({**self._envelope, "choices": [], "usage": usage}) + b"\n\n"

    def _event(self, event: bytes) -> bytes:
        data, _ = data_and_name(event)
        chunk = orjson.loads(data) if data else None
        if not isinstance(chunk, dict) or not (found := usage_in(chunk)):
            return event + b"\n\n"
        # All choices have the same prompt, which is processed once.
        self._prompt = found.prompt_tokens
        self._completion += found.completion_tokens
        chunk.pop("usage", None)
        chunk.pop("timings", None)
        self._envelope = {key: value for key, value in chunk.items() if key != "choices"}
        return b"data: " + orjson.dumps(chunk) + b"\n\n" if chunk.get("choices") else b""
