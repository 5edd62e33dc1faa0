"""Watches Anthropic's stream, forwarded unchanged to a client that speaks Anthropic's format."""

from __future__ import annotations

from typing import Any

from gateway.backends.anthropic.answer import begins_with_content, holds_content


class WatchedStream:
    """Tracks the state of one stream; has the interface of `AnthropicStream`, and translates nothing.

    Attributes:
        begun: whether the first content has come.
        finished: whether the stop reason has arrived, which completes the answer.
        ended: whether `message_stop` has arrived.
        counts: the latest token counts.
    """

    def __init__(self) -> None:
        self.begun = False
        self.finished = False
        self.ended = False
        self.counts: dict[str, Any] = {}

    def events(self, event: dict[str, Any], raw: bytes) -> bytes:
        """The event unchanged; without `message_stop`, which the gateway writes itself.

        Raises:
            WRONG_SHAPE: the event lacks a field of its type.
        """
        match event["type"]:
            case "message_start":
                self.counts = dict(event["message"].get("usage") or {})
            case "content_block_start":
                self.begun = self.begun or begins_with_content(event["content_block"])
            case "content_block_delta":
                self.begun = self.begun or holds_content(event["delta"])
            case "message_delta":
                # The counts are cumulative.
                self.counts |= {name: count for name, count in (event.get("usage") or {}).items() if count is not None}
                self.finished = self.finished or bool(event["delta"].get("stop_reason"))
                self.begun = self.begun or self.finished
            case "message_stop":
                self.ended = True
                return b""
        return raw + b"\n\n"
