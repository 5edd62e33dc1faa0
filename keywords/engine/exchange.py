"""What went over the wire: one request, its answer, and when each piece of it came."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Chunk:
    """One read from the socket.

    Attributes:
        at_s: seconds between sending the request and this read, on the monotonic clock.
        data: the bytes as they came.
    """

    at_s: float
    data: bytes


@dataclass(slots=True)
class Exchange:
    """One HTTP request and what came back, whole or broken off.

    Attributes:
        method: the HTTP method.
        url: the full address.
        request_headers: as sent, but with the value of every secret header replaced by `<secret>`.
        request_body: bytes as sent.
        started_at: wall clock, seconds since the epoch.
        status: HTTP status; None if no answer came.
        response_headers: names in lower case.
        chunks: the body, piece by piece; one piece for an answer that is not a stream.
        total_s: seconds from sending to the end of the body, or to the failure.
        failure: why the exchange broke off; None if it ended properly.
    """

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: bytes
    started_at: float
    status: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    chunks: list[Chunk] = field(default_factory=list)
    total_s: float = 0.0
    failure: str | None = None

    @property
    def body(self) -> bytes:
        """The whole answer body."""
        return b"".join(chunk.data for chunk in self.chunks)

    def json(self) -> Any:
        """The answer body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)


Observer = Callable[[Exchange], None]
"""Called once for each finished exchange; the evidence of a row is collected this way."""
