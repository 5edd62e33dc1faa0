"""HTTP exchange: one request, its answer, and the time of each read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn


@dataclass(frozen=True, slots=True)
class Chunk:
    """One read from the socket.

    Attributes:
        at_s: seconds from sending the request to this read, on the monotonic clock.
        data: the bytes read.
    """

    at_s: float
    data: bytes


@dataclass(slots=True)
class Exchange:
    """One HTTP request and its answer, whole or broken off.

    Attributes:
        method: the HTTP method.
        url: the full address, without user and password.
        request_headers: as sent, secret values replaced by `<secret>`; values of a repeated header are joined with
            `, `.
        request_body: bytes as sent.
        started_at: start by the wall clock, seconds since the epoch.
        sent_at: the same moment by `clock.now()`.
        status: HTTP status; None if no answer came.
        response_headers: names in lower case.
        headers_s: seconds from sending to the end of the answer's headers; None if no answer came.
        chunks: the body, one chunk for each read.
        total_s: seconds from sending to the end of the body, or to the failure.
        failure: why the exchange broke off; None if it is complete.
        under_way: whether it has not ended yet.
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
    under_way: bool = False

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
"""Callback for each exchange as it begins; runs in the thread that makes it. The exchange fills up as it goes on."""


def parse_json(data: str | bytes) -> Any:
    """Parse JSON by RFC 8259: unlike `json.loads`, refuse NaN and Infinity.

    Raises:
        ValueError: the data is not JSON, or not UTF-8, or nested too deeply to be read.
    """
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply to be read") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
