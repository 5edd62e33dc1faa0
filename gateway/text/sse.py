"""Server-sent events as bytes: whole events from a stream of chunks, and the data of an event. Parses no JSON."""

from __future__ import annotations

from gateway.errors.base import BackendBadAnswer

DONE = b"data: [DONE]\n\n"
EVENT_LIMIT = 4 * 1024 * 1024


class EventFramer:
    """Cuts a byte stream into whole events.

    Carriage returns are removed: JSON never holds a bare one, so no event changes its meaning.
    """

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the events that `data` completes; empty if there is none yet.

        Raises:
            BackendBadAnswer: an event is longer than `EVENT_LIMIT` bytes.
        """
        data = self._rest + data
        if b"\r" in data:
            data = data.replace(b"\r", b"")
        blank_line = data.rfind(b"\n\n")
        end = blank_line + 2 if blank_line >= 0 else 0
        self._rest = data[end:]
        if len(self._rest) > EVENT_LIMIT:
            raise BackendBadAnswer(
                f"Backend '{self._backend}' sent an event of over {EVENT_LIMIT} bytes. Ask for a shorter answer."
            )
        return data[:end]


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
