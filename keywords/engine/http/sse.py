"""Reader of server-sent events from timed chunks, by the WHATWG rules (HTML standard, section 9.2.6).

What a browser skips silently is skipped here too, and reported in `SseReader.problems`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keywords.engine.http.exchange import parse_json

if TYPE_CHECKING:
    from keywords.engine.http.exchange import Chunk

DONE = "[DONE]"
"""The data of the event that ends an OpenAI stream."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_MOST_PROBLEMS = 1000

_Event = tuple[str, str, list[bytes]]
"""Data, type and lines."""


class SseEventTooLongError(Exception):
    """An event is longer than its reader allows; the reader cannot go on."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event.

    Attributes:
        at_s: when its last chunk was read; seconds from sending the request.
        data: the `data` lines joined with line feeds.
        type: the `event` field; `message` if there is none.
        raw: the lines as received, comments included, each line end as one line feed.
    """

    at_s: float
    data: str
    type: str = "message"
    raw: bytes = field(default=b"", repr=False)

    @property
    def is_done(self) -> bool:
        """Whether this is the `[DONE]` that ends an OpenAI stream."""
        return self.data == DONE

    def json(self) -> Any:
        """The data as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return parse_json(self.data)


class SseReader:
    """Turns chunks into events; where the chunks are cut makes no difference.

    `feed` keeps what a row may ask for. `read` keeps nothing of an event, for a load run: its memory does not grow with
    the stream, and the usual event, one line of data that came whole, is only sliced.

    Args:
        event_limit: most bytes of one event; None for no limit.

    Attributes:
        is_between_events: whether the last chunk ended with an event, so that the next one begins with another.
        problems: violations of the format so far, one sentence each; the first 1,000.
        comments: comment lines that `feed` read so far, without their colon.
        error: data of the first event of the type `error` that `read` read; None if there was none.
    """

    def __init__(self, *, event_limit: int | None = None) -> None:
        self.is_between_events = False
        self.problems: list[str] = []
        self.comments: list[str] = []
        self.error: str | None = None
        self._event_limit = event_limit
        self._line = bytearray()
        self._first_line = True
        self._after_cr = False
        self._lines: list[bytes] = []
        self._event_bytes = 0
        self._data: list[str] = []
        self._type = ""

    @property
    def rest(self) -> bytes:
        """The lines of an event that has not ended."""
        return b"\n".join([*self._lines, *([bytes(self._line)] if self._line else [])])

    def feed(self, chunk: Chunk) -> list[SseEvent]:
        """Parse the next chunk and return the events that it completes.

        Raises:
            SseEventTooLongError: an event is longer than the limit.
        """
        return [SseEvent(chunk.at_s, data, kind, b"\n".join(lines)) for data, kind, lines in self._events(chunk.data)]

    def read(self, chunk: bytes) -> list[bytes]:
        """Parse the next chunk and return the data of the events that it completes, in UTF-8.

        Raises:
            SseEventTooLongError: an event is longer than the limit.
        """
        if chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and not (self._lines or self._line):
            events = chunk[6:-2].split(b"\n\ndata: ")
            # Each event is one line of data; of a few hundred bytes, this is found sooner than by a regular expression.
            is_plain = chunk.count(b"\n") == 2 * len(events) and chunk.find(b"\r") < 0
            is_short = self._event_limit is None or len(chunk) <= self._event_limit
            if is_plain and is_short and (chunk.isascii() or _is_utf8(chunk)):
                self._first_line = self._after_cr = False
                self.is_between_events = True
                return events
        events = []
        for data, kind, _ in self._events(chunk):
            events.append(data.encode())
            if kind == "error":
                self.error = self.error or data
        self.comments.clear()
        return events

    def close(self) -> None:
        """End the stream; an event without an empty line after it is a problem."""
        if rest := self.rest:
            self._report(f"the stream ends inside an event: {rest[-200:]!r}")

    def _events(self, data: bytes) -> list[_Event]:
        if not data:
            return []
        self.is_between_events = False
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *ended, rest = _LINE_END.split(data)
        events = []
        for piece in ended:
            line = piece
            if self._line:
                line = bytes(self._line + piece)
                self._line.clear()
            event = self._parse_line(line)
            if event is not None:
                events.append(event)
        self._line += rest
        self._check_length(len(self._line))
        self.is_between_events = not (self._line or self._lines or self._after_cr)
        return events

    def _parse_line(self, line: bytes) -> _Event | None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        self._lines.append(line)
        self._event_bytes += len(line)
        self._check_length()
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            self._report(f"a line is not UTF-8: {error}: {line[:200]!r}")
            text = line.decode(errors="replace")
        name, _, value = text.partition(":")
        self._set_field(name, value.removeprefix(" "))
        return None

    def _set_field(self, name: str, value: str) -> None:
        match name:
            case "":
                self.comments.append(value)
            case "data":
                self._data.append(value)
            case "event":
                self._type = value
            case "id" | "retry":
                pass  # they steer reconnection, which a chat stream does not have
            case _:
                self._report(f"unknown field {name[:200]!r}; a client ignores this line")

    def _dispatch(self) -> _Event | None:
        lines, data, kind = self._lines, self._data, self._type
        self._lines, self._data, self._type, self._event_bytes = [], [], "", 0
        if data:
            return "\n".join(data), kind or "message", lines
        if kind:
            self._report(f"an event of type {kind!r} has no data; a client ignores it")
        return None

    def _check_length(self, unfinished: int = 0) -> None:
        if self._event_limit is not None and self._event_bytes + unfinished > self._event_limit:
            raise SseEventTooLongError(f"an event is longer than {self._event_limit} bytes")

    def _report(self, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
