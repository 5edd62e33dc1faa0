"""Records of a scripted backend: each request, its answer, and the times of both."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from keywords.engine.scripted.wire import asks_for_answer

KEPT = 100_000
"""Requests that are remembered; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event, or one whole body, handed to the operating system.

    Attributes:
        at_s: when it was sent, seconds on the monotonic clock.
        end_byte: offset of its end in the answer's body, without HTTP's framing.
        chunk: index of its chunk in the script; None for a plain answer, a role, `[DONE]` and the like.
    """

    at_s: float
    end_byte: int
    chunk: int | None = None


@dataclass(slots=True)
class RecordedRequest:
    """One request as received. All times are seconds on the monotonic clock, the same in all processes.

    Attributes:
        number: index among this backend's requests, probes included.
        connection: index of its connection.
        method: HTTP method.
        path: path and query.
        head: request line and headers, byte for byte; hidden in `repr`, since it may hold a key.
        body: byte for byte, without chunked framing.
        at_s: when the request was complete.
        sent: the answer's events, each with its time.
        ended_at_s: when the answer ended as scripted; None while it runs and after a disconnect.
        ending: how it ended: `complete`, the fault that ended it, `stale` (reset with its old connection), or
            `dropped` (reset with all connections).
        disconnected_at_s: when the client closed the connection before the end of the answer; None if it did not.
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
    disconnected_at_s: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; the last value of a repeated one."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        return {name.strip().lower(): value.strip() for name, value in pairs}

    @property
    def asks_for_answer(self) -> bool:
        """Whether it is a model request; all others are probes."""
        return asks_for_answer(self.path)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)


def record_to_json(record: RecordedRequest) -> list[Any]:
    """Convert a record for `json.dumps`."""
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
        record.disconnected_at_s,
    ]


def record_from_json(values: list[Any]) -> RecordedRequest:
    """Restore a record from `record_to_json`."""
    number, connection, method, path, head, body, at_s, sent, ended_at_s, ending, disconnected_at_s = values
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
        disconnected_at_s,
    )
