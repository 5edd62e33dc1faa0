"""Streamed message of Anthropic's API, assembled event by event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keywords.engine.http.sse import SseReader

if TYPE_CHECKING:
    from keywords.engine.http.exchange import Exchange
    from keywords.engine.http.sse import SseEvent

MESSAGES = "/v1/messages"


@dataclass(frozen=True, slots=True, repr=False)
class StreamedMessage:
    """A streamed message, whole or broken off.

    Attributes:
        events: the object of each event, without pings.
        problems: violations of the formats of events or of JSON, and names that differ from an event's type.
        exchange: the HTTP exchange.
        pings: number of pings, which show that the stream is alive.
    """

    events: list[dict[str, Any]]
    problems: list[str]
    exchange: Exchange
    pings: int = 0

    def __repr__(self) -> str:
        return f"StreamedMessage({self.text!r}, stop_reason={self.stop_reason!r}, error={self.error!r})"

    @property
    def text(self) -> str:
        """The text of all blocks."""
        texts = [object_in(e, "delta").get("text") for e in self.events if e["type"] == "content_block_delta"]
        return "".join(text for text in texts if isinstance(text, str))

    @property
    def stop_reason(self) -> str | None:
        """The reason for which the message ended; None if it gives none."""
        reasons = [object_in(e, "delta").get("stop_reason") for e in self.events if e["type"] == "message_delta"]
        return next((str(reason) for reason in reasons if reason is not None), None)

    @property
    def error(self) -> dict[str, Any] | None:
        """The first error event; None if there was none."""
        return next((event for event in self.events if event["type"] == "error"), None)

    @property
    def is_closed(self) -> bool:
        """Whether `message_stop` came."""
        return any(event["type"] == "message_stop" for event in self.events)


def object_in(event: dict[str, Any], name: str) -> dict[str, Any]:
    """A field of an event that must be an object; empty if it is none."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def read_stream(exchange: Exchange) -> StreamedMessage:
    """Read the events of a streamed answer."""
    reader = SseReader()
    events: list[dict[str, Any]] = []
    pings = 0
    for chunk in exchange.chunks:
        for event in reader.feed(chunk):
            _add_event(event, events, reader.problems)
            pings += event.type == "ping"
    reader.close()
    return StreamedMessage(events, reader.problems, exchange, pings)


def _add_event(event: SseEvent, events: list[dict[str, Any]], problems: list[str]) -> None:
    try:
        body = event.json()
    except ValueError:
        problems.append(f"an event is not JSON: {event.data[:200]!r}")
        return
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        problems.append(f"an event is no object with a type: {event.data[:200]!r}")
        return
    if event.type != body["type"]:
        problems.append(f"an event is named {event.type!r}, but its type is {body['type']!r}")
    if body["type"] != "ping":
        events.append(body)
