"""Anthropic's own stream on its way to a client that speaks Anthropic's format: passed on as it is, and watched."""

from __future__ import annotations

from typing import Any


class WatchedStream:
    """Notes how one stream stands; it has the attributes of `AnthropicStream`, and translates nothing.

    Attributes:
        finished: the stop reason has come, so that nothing of the answer is missing.
        ended: `message_stop` has come.
        counts: the token counts, as far as they have come.
    """

    def __init__(self) -> None:
        self.finished = False
        self.ended = False
        self.counts: dict[str, Any] = {}

    def events(self, event: dict[str, Any], raw: bytes) -> bytes:
        """The event as it came, but for `message_stop`, which the gateway writes itself.

        Raises:
            WRONG_SHAPE: the event lacks what its type demands.
        """
        match event["type"]:
            case "message_start":
                self.counts = dict(event["message"].get("usage") or {})
            case "message_delta":
                # The counts are cumulative: each replaces the one before.
                self.counts |= {name: count for name, count in event.get("usage", {}).items() if count is not None}
                self.finished = self.finished or bool(event["delta"].get("stop_reason"))
            case "message_stop":
                self.ended = True
                return b""
        return raw + b"\n\n"
