"""Client that disconnects before the answer is complete."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from keywords.engine import clock
from keywords.engine.http.authorization import authorization
from keywords.engine.http.exchange import Chunk, Exchange
from keywords.engine.http.recorder import describe, masked
from keywords.engine.redaction.addresses import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keywords.engine.http.exchange import Observer

_PATH = "/v1/chat/completions"
_TIMEOUT_S = 30.0
EVENT_END = b"\n\n"
"""What ends each event of a stream."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """How a client disconnected.

    Attributes:
        at_s: when the client began to close its connection, by `clock.now()`.
        status: HTTP status of the answer; None if the client read none.
        request_id: the answer's `x-request-id`; None if the client read none.
        received: the part of the answer's body that the client read.
        exchange: the same facts for the evidence.
    """

    at_s: float
    status: int | None
    request_id: str | None
    received: bytes = field(repr=False)
    exchange: Exchange = field(repr=False)


def send_and_disconnect(
    base_url: str,
    body: Mapping[str, Any],
    *,
    api_key: str | None,
    observe: Observer = lambda _: None,
    after_s: float = 0.0,
    after_events: int = 0,
    once: Callable[[], object] = lambda: None,
) -> Disconnect:
    """Send a chat request and close the connection before the answer is complete.

    Args:
        base_url: address without a path.
        body: the request's JSON object.
        api_key: key to send; None sends none. User and password in the address replace it.
        observe: called with the exchange as it begins.
        after_s: seconds to stay connected after the request, or after the last awaited event.
        after_events: events of the stream to read first; 0 reads nothing, not even a status.
        once: waits for what must have happened before `after_s` begins; what it raises ends the request.

    Raises:
        OSError: the gateway could not be reached, or an awaited event did not come within 30 seconds.
        ConnectionError: the answer ended before the last awaited event came.
    """
    address = urlsplit(base_url)
    connection_class = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = connection_class(address.netloc.rpartition("@")[2], timeout=_TIMEOUT_S)
    headers = {"content-type": "application/json"}
    if credentials := authorization(base_url, api_key):
        headers["authorization"] = credentials
    data = json.dumps(body).encode()
    exchange = Exchange(
        method="POST",
        url=f"{without_credentials(base_url)}{_PATH}",
        request_headers=masked(httpx2.Headers(headers)),
        request_body=data,
        started_at=time.time(),
        sent_at=clock.now(),
        under_way=True,
    )
    observe(exchange)
    failure, request_id, received = "the client left on purpose", None, b""
    try:
        connection.request("POST", _PATH, data, headers)
        if after_events:
            exchange.status, request_id, received = _read_events(connection, after_events)
        once()
        time.sleep(after_s)
        # Taken before the close, so that no server can notice earlier.
        at_s = clock.now()
    except BaseException as error:  # also a row's time limit and Ctrl-C
        failure = describe(error)
        raise
    finally:
        connection.close()
        exchange.total_s, exchange.failure = clock.now() - exchange.sent_at, failure
        exchange.chunks = [Chunk(exchange.total_s, received)] if received else []
        exchange.under_way = False
    return Disconnect(at_s, exchange.status, request_id, received, exchange)


def _read_events(connection: http.client.HTTPConnection, count: int) -> tuple[int, str | None, bytes]:
    response = connection.getresponse()
    received = b""
    while received.count(EVENT_END) < count:
        data = response.read1()
        if not data:
            events = received.count(EVENT_END)
            raise ConnectionError(f"The answer (status {response.status}) ended after {events} events: {received!r}")
        received += data
    return response.status, response.headers["x-request-id"], received
