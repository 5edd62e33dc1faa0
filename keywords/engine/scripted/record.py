"""What a scripted backend remembers: each request, what it was answered, and when."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from keywords.engine.scripted.wire import asks_for_answer

KEPT = 100_000
"""So many requests are remembered; of more, the newest."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event, or one whole body, as it was handed to the operating system.

    Attributes:
        at_s: when, seconds on the monotonic clock.
        end_byte: at which byte of the answer's body it ends, HTTP's framing left out.
        chunk: which chunk of the script it is; None for all else, such as a plain answer, a role or `[DONE]`.
    """

    at_s: float
    end_byte: int
    chunk: int | None = None


@dataclass(slots=True)
class RecordedRequest:
    """One request as it came over the wire. All times are seconds on the monotonic clock, the same in all processes.

    Attributes:
        number: 0 for the first request of this backend, probes included.
        connection: 0 for the first connection.
        method: HTTP method.
        path: path and query.
        head: request line and headers, byte for byte; not shown, it may hold a key.
        body: byte for byte, without the framing of a chunked one.
        at_s: when it was complete.
        sent: what was sent, and when each piece was.
        ended_at_s: when the answer ended as scripted; None while it goes on and after the client left.
        ending: how it ended: `complete`, the fault that ended it, `stale` (reset with its old connection), or
            `dropped` (reset with all connections).
        client_left_at_s: when the client closed the connection before its answer had ended; None if it did not.
    """

    number: int
    connection: int
    method: str
    path: str
    head: bytes = field(repr=False)
    body: bytes
    at_s: float
    sent: list[Sent] = field(default_factory=list)
    ended_at_s: float | None = None
    ending: str | None = None
    client_left_at_s: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; of a repeated one the last."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        return {name.strip().lower(): value.strip() for name, value in pairs}

    @property
    def asks_for_answer(self) -> bool:
        """Whether it asks for an answer; all others are probes."""
        return asks_for_answer(self.path)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)


def record_to_json(record: RecordedRequest) -> list[Any]:
    """The record for `json.dumps`."""
    return [
        record.number,
        record.connection,
        record.method,
        record.path,
        base64.b64encode(record.head).decode(),
        base64.b64encode(record.body).decode(),
        record.at_s,
        [[sent.at_s, sent.end_byte, sent.chunk] for sent in record.sent],
        record.ended_at_s,
        record.ending,
        record.client_left_at_s,
    ]


def record_from_json(found: list[Any]) -> RecordedRequest:
    """The record again."""
    number, connection, method, path, head, body, at_s, sent, ended_at_s, ending, left_at_s = found
    return RecordedRequest(
        number,
        connection,
        method,
        path,
        base64.b64decode(head),
        base64.b64decode(body),
        at_s,
        [Sent(*each) for each in sent],
        ended_at_s,
        ending,
        left_at_s,
    )
