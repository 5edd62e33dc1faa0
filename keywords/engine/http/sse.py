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

    Attributes:
        problems: violations of the format so far, one sentence each.
        comments: comment lines so far, without their colon.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.comments: list[str] = []
        self._line = bytearray()
        self._first_line = True
        self._after_cr = False
        self._lines: list[bytes] = []
        self._data: list[str] = []
        self._type = ""

    def feed(self, chunk: Chunk) -> list[SseEvent]:
        """Parse the next chunk and return the events that it completes."""
        data = chunk.data
        if not data:
            return []
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *ended, rest = _LINE_END.split(data)
        events = []
        for piece in ended:
            line = bytes(self._line + piece)
            self._line.clear()
            event = self._parse_line(line, chunk.at_s)
            if event is not None:
                events.append(event)
        self._line += rest
        return events

    def close(self) -> None:
        """End the stream; an event without an empty line after it is a problem."""
        rest = b"\n".join([*self._lines, *([bytes(self._line)] if self._line else [])])
        if rest:
            self.problems.append(f"the stream ends inside an event: {rest[-200:]!r}")

    def _parse_line(self, line: bytes, at_s: float) -> SseEvent | None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch(at_s)
        self._lines.append(line)
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            self.problems.append(f"a line is not UTF-8: {error}: {line[:200]!r}")
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
                self.problems.append(f"unknown field {name[:200]!r}; a client ignores this line")

    def _dispatch(self, at_s: float) -> SseEvent | None:
        lines, data, kind = self._lines, self._data, self._type
        self._lines, self._data, self._type = [], [], ""
        if data:
            return SseEvent(at_s, "\n".join(data), kind or "message", b"\n".join(lines))
        if kind:
            self.problems.append(f"an event of type {kind!r} has no data; a client ignores it")
        return None
