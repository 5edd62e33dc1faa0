"""Shape of a stream's events: most of them differ from the one before in their text alone.

Such an event is read by comparing the bytes around its text, in a fifth of the time that parsing it takes.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from keywords.engine.openai.stream_events import StreamEvents

if TYPE_CHECKING:
    from typing import Self

_PLAIN = re.compile(rb'[^"\\\x00-\x1f]+')
"""What may stand in a JSON string as it is (RFC 8259, section 7)."""
_PROBE = b"Is this the text?"


class Piece(NamedTuple):
    """A piece of generated text, as `StreamEvents.add_text` takes it."""

    choice: int
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class EventShape:
    """The bytes around the text of an event that holds one piece of text and says nothing else.

    Attributes:
        choice: the index of the text's choice.
        field: that the text stands in.
        head: all before the text, its quotation mark included.
        tail: all after it.
        around: bytes of both.
    """

    choice: int
    field: str
    head: bytes
    tail: bytes
    around: int = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Count the bytes around the text once."""
        object.__setattr__(self, "around", len(self.head) + len(self.tail))

    @classmethod
    def of(cls, event: bytes) -> Self | None:
        """The shape of an event; None if it says more than one piece of text.

        The place of the text is proven: with a probe instead of it, the event says the probe, and nothing else. A JSON
        string holds any other characters that need no escape in the same way.

        Args:
            event: its data, in UTF-8.
        """
        piece = _only_piece(event)
        if piece is None:
            return None
        text = piece.text.encode("utf-8", "surrogatepass")
        start = event.find(b'"%b"' % text) + 1
        head, tail = event[:start], event[start + len(text) :]
        if b"\n" in event or b"\r" in event:  # two lines of data, or one with a line end of its own
            return None
        is_proven = start > 0 and _only_piece(head + _PROBE + tail) == piece._replace(text=_PROBE.decode())
        return cls(piece.choice, piece.field, head, tail) if is_proven else None

    def as_read(self) -> Self:
        """The shape of the usual read of a stream between two events: one event whole, in one line of data."""
        return replace(self, head=b"data: " + self.head, tail=self.tail + b"\n\n")

    def text_of(self, event: bytes) -> str | None:
        """The text of an event of this shape, never empty; None of anything else.

        Args:
            event: its data; or of `as_read`, what was read.
        """
        text = event.removeprefix(self.head).removesuffix(self.tail)
        # Both were there, since neither is empty.
        if len(event) - len(text) == self.around and _PLAIN.fullmatch(text):
            try:
                return text.decode()
            except UnicodeDecodeError:
                return None
        return None


class _Heard(StreamEvents):
    """Hears what an event says."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[Piece] = []
        self.more = False

    def add_text(self, at_s: float, choice: int, field: str, text: str) -> None:  # noqa: ARG002  # one moment for all
        self.pieces.append(Piece(choice, field, text))

    def add_finish_reason(self, reason: str) -> None:  # noqa: ARG002
        self.more = True

    def add_role(self, role: str) -> None:  # noqa: ARG002
        self.more = True

    def add_tool_calls(self, at_s: float, calls: list[Any]) -> None:  # noqa: ARG002
        self.more = True


def _only_piece(event: bytes) -> Piece | None:
    """The piece of text that is all that an event says, the model aside; None of any other event."""
    try:
        body = orjson.loads(event)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    heard = _Heard()
    heard.read_body(body, 0.0)
    if heard.more or heard.usage is not None or heard.error is not None or len(heard.pieces) != 1:
        return None
    return heard.pieces[0]
