"""Server-sent events as bytes: whole events from a stream of chunks, and the data of an event. Parses no JSON."""

from __future__ import annotations

from gateway.errors.base import BackendBadAnswer

DONE = b"data: [DONE]\n\n"
EVENT_LIMIT = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_FIRST_BYTES = {b"d", b"e", b"i", b"r", b":"}


class EventFramer:
    """Cuts a byte stream into whole events.

    A byte order mark at the beginning is removed, and lines that end with CR or CR LF end with LF afterwards
    (html.spec.whatwg.org/multipage/server-sent-events.html, "Parsing an event stream").
    """

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._rest = b""
        # The beginning of the stream, up to a whole byte order mark.
        self._beginning: bytes | None = b""
        self._after_cr = False

    def feed(self, data: bytes) -> bytes:
        """Return the events that `data` completes; empty if there is none yet.

        Raises:
            BackendBadAnswer: an event is longer than `EVENT_LIMIT` bytes.
        """
        if self._beginning is not None:
            data = self._without_bom(data)
        if self._after_cr or b"\r" in data:
            data = self._with_line_feeds(data)
        data = self._rest + data
        blank_line = data.rfind(b"\n\n")
        end = blank_line + 2 if blank_line >= 0 else 0
        self._rest = data[end:]
        if len(self._rest) > EVENT_LIMIT:
            raise BackendBadAnswer(
                f"Backend '{self._backend}' sent an event of over {EVENT_LIMIT} bytes. Ask for a shorter answer."
            )
        return data[:end]

    def _without_bom(self, data: bytes) -> bytes:
        data = (self._beginning or b"") + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._beginning = data
            return b""
        self._beginning = None
        return data.removeprefix(_BOM)

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self._after_cr:
            # The line was ended with the CR that came before.
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def data_and_name(event: bytes) -> tuple[bytes, bytes]:
    """The data of an event, and its name.

    Old llama.cpp builds sent an error as a field `error:`; it counts as an event of that name.
    """
    data: list[bytes] = []
    name = b""
    for line in event.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field == b"error":
            name = field
            data.append(value)
    return b"\n".join(data), name


def is_event_stream(beginning: bytes) -> bool:
    """Whether a body that begins so is an event stream, and not JSON, whatever its label says.

    No JSON begins like a field of an event stream (`data`, `event`, `id`, `retry`, llama.cpp's `error`) or a comment.
    """
    return beginning.removeprefix(_BOM).lstrip()[:1] in _FIRST_BYTES
