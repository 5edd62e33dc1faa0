"""What went over the wire: one request, its answer, and when each piece of it came."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn


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
        url: the full address, without user and password.
        request_headers: as sent, but with the value of every secret header replaced by `<secret>`; the values of a
            header that was sent twice are joined with `, `.
        request_body: bytes as sent.
        started_at: wall clock, seconds since the epoch.
        sent_at: the same moment by `clock.now()`, to compare with other moments.
        status: HTTP status; None if no answer came.
        response_headers: names in lower case.
        headers_s: seconds from sending until the status and headers were read; None if no answer came.
        chunks: the body, read by read.
        total_s: seconds from sending to the end of the body, or to the failure.
        failure: why the exchange broke off; None if it ended properly.
    """

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: bytes = field(repr=False)
    started_at: float
    sent_at: float = 0.0
    status: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers_s: float | None = None
    chunks: list[Chunk] = field(default_factory=list, repr=False)
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
        return parse_json(self.body)


Observer = Callable[[Exchange], None]
"""Called once for each finished exchange, from whichever thread made it."""


def parse_json(data: str | bytes) -> Any:
    """Parse JSON as RFC 8259 has it: unlike `json.loads` it refuses NaN and Infinity.

    Raises:
        ValueError: it is not JSON, or not UTF-8.
    """
    return json.loads(data, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
