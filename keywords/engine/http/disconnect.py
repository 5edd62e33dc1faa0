"""A client that does not wait for the end: it asks, reads as much as it was told to, and closes its connection."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keywords.engine import clock
from keywords.engine.http.exchange import Chunk, Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = "/v1/chat/completions"
_TIMEOUT_S = 30.0
_EVENT_END = b"\n\n"


@dataclass(frozen=True, slots=True)
class Departure:
    """How a client left.

    Attributes:
        at_s: when it began to close its connection, seconds on the monotonic clock, the same in all processes.
        status: HTTP status of the answer; None if it left before there was one.
        request_id: of the answer; None if it left before there was one.
        received: what it had read of the answer's body.
        exchange: the same for the evidence.
    """

    at_s: float
    status: int | None
    request_id: str | None
    received: bytes = field(repr=False)
    exchange: Exchange = field(repr=False)


def ask_and_leave(
    base_url: str, asked: Mapping[str, Any], *, api_key: str | None, after_s: float = 0.0, after_events: int = 0
) -> Departure:
    """Ask for a chat completion and close the connection before it is complete.

    Args:
        base_url: address without a path.
        asked: the body of the request.
        api_key: key to use; None sends none.
        after_s: how long to stay, after the request was sent or the last awaited event came.
        after_events: so many events of a stream are awaited first; 0 awaits nothing, not even a status.

    Raises:
        OSError: the gateway could not be reached, or an awaited event did not come within 30 seconds.
        ConnectionError: the answer ended before the last awaited event came.
    """
    address = urlsplit(base_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.netloc, timeout=_TIMEOUT_S)
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {api_key}"} if api_key else {})
    shown = {name: "<secret>" if name == "authorization" else value for name, value in headers.items()}
    body, started_at, sent_at = json.dumps(asked).encode(), time.time(), clock.now()
    try:
        connection.request("POST", _PATH, body, headers)
        status, request_id, received = _read_events(connection, after_events) if after_events else (None, None, b"")
        time.sleep(after_s)
        # Before it closes: whoever notices can do so only later.
        at_s = clock.now()
    finally:
        connection.close()
    total_s = clock.now() - sent_at
    exchange = Exchange(
        method="POST",
        url=f"{base_url}{_PATH}",
        request_headers=shown,
        request_body=body,
        started_at=started_at,
        sent_at=sent_at,
        status=status,
        chunks=[Chunk(total_s, received)] if received else [],
        total_s=total_s,
        failure="the client left on purpose",
    )
    return Departure(at_s, status, request_id, received, exchange)


def _read_events(connection: http.client.HTTPConnection, count: int) -> tuple[int, str | None, bytes]:
    response = connection.getresponse()
    received = b""
    while received.count(_EVENT_END) < count:
        piece = response.read1()
        if not piece:
            found = received.count(_EVENT_END)
            raise ConnectionError(f"The answer (status {response.status}) ended after {found} events: {received!r}")
        received += piece
    return response.status, response.headers["x-request-id"], received
