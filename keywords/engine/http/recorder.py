"""HTTP transport that records every exchange, below our own client and below the OpenAI package."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import httpx2

from keywords.engine import clock
from keywords.engine.http.exchange import Chunk, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keywords.engine.http.exchange import Observer
    from keywords.engine.http.patience import Limits, Patience

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"})
MASK = "<secret>"
BASIC = f"Basic {MASK}"
"""What is recorded of a user and a password, which do not repeat like a key."""


class StreamOutgrewRequest(AssertionError):  # noqa: N818  # the name says what happened
    """An answer goes on far beyond the tokens that its request asks for; the client has stopped reading."""

    ROBOT_SUPPRESS_NAME = True


class RecordingTransport(httpx2.BaseTransport):
    """Passes requests on to another transport and records them, with the time of each read.

    `recorded(request)` returns the exchange, also of a request that failed.

    Args:
        inner: the transport that sends.
        observe: called with each exchange as it begins.
        patience: the limits of each answer. One that takes longer is broken off with `httpx2.ReadTimeout`, a stream
            that outgrows its request with `StreamOutgrewRequest`.
    """

    def __init__(self, inner: httpx2.BaseTransport, observe: Observer | None, patience: Patience) -> None:
        self._inner = inner
        self._observe = observe
        self._patience = patience

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request, and record the answer's body while the caller reads it."""
        exchange = Exchange(
            method=request.method,
            url=str(request.url.copy_with(userinfo=b"")),
            request_headers=masked(request.headers),
            request_body=request.read(),
            started_at=time.time(),
            under_way=True,
        )
        request.extensions["exchange"] = exchange
        recording = _Recording(exchange)
        limits = self._patience.limits(request)
        request.extensions["timeout"] = {**request.extensions.get("timeout", {}), "read": limits.seconds}
        exchange.sent_at = clock.now()
        if self._observe is not None:
            self._observe(exchange)
        try:
            response = self._inner.handle_request(request)
        except httpx2.ReadTimeout as error:
            recording.end(f"ReadTimeout: {limits.silence}")
            raise httpx2.ReadTimeout(limits.silence, request=request) from error
        except BaseException as error:  # also a row's time limit and Ctrl-C
            recording.end(describe(error))
            raise
        exchange.headers_s = clock.now() - exchange.sent_at
        exchange.status = response.status_code
        exchange.response_headers = {name.lower(): value for name, value in response.headers.items()}
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_RecordedBody(response.stream, recording, limits),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def masked(headers: httpx2.Headers) -> dict[str, str]:
    """The headers with names in lower case and secret values replaced by `<secret>` or `Basic <secret>`."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: _mask(value) if name in SECRET_HEADERS else value for name, value in lowered.items()}


def _mask(value: str) -> str:
    return BASIC if value.lower().startswith("basic ") else MASK


def recorded(request: httpx2.Request) -> Exchange:
    """The exchange of a request that went through a `RecordingTransport`."""
    exchange: Exchange = request.extensions["exchange"]
    return exchange


def describe(error: BaseException) -> str:
    """The type and message of an error; some have no message."""
    return f"{type(error).__name__}: {error}".rstrip(": ")


class _Recording:
    """Ends an exchange exactly once."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def end(self, failure: str | None) -> None:
        if not self.exchange.under_way:
            return
        self.exchange.total_s = clock.now() - self.exchange.sent_at
        self.exchange.failure = failure
        self.exchange.under_way = False


def _raise_if_beyond(limits: Limits, at_s: float, events: int, size: int) -> None:
    if limits.events is not None and events > limits.events:
        raise StreamOutgrewRequest(limits.excess)
    if limits.bytes is not None and size > limits.bytes:
        raise StreamOutgrewRequest(limits.flood)
    if at_s > limits.seconds:
        raise httpx2.ReadTimeout(limits.silence)


class _RecordedBody(httpx2.SyncByteStream):
    def __init__(self, inner: object, recording: _Recording, limits: Limits) -> None:
        if not isinstance(inner, httpx2.SyncByteStream):
            raise TypeError(f"the inner transport must answer with a SyncByteStream, not {type(inner).__name__}")
        self._inner = inner
        self._recording = recording
        self._limits = limits

    def __iter__(self) -> Iterator[bytes]:
        exchange, limits = self._recording.exchange, self._limits
        is_stream = exchange.response_headers.get("content-type", "").startswith("text/event-stream")
        events = size = 0
        try:
            for data in self._inner:
                at_s = clock.now() - exchange.sent_at
                exchange.chunks.append(Chunk(at_s, data))
                yield data
                events += (data.count(b"\ndata:") + data.startswith(b"data:")) if is_stream else 0
                size += len(data)
                _raise_if_beyond(limits, at_s, events, size)
        except StreamOutgrewRequest as error:
            self._recording.end(str(error))
            raise
        except httpx2.ReadTimeout as error:
            self._recording.end(f"ReadTimeout: {limits.silence}")
            raise httpx2.ReadTimeout(limits.silence) from error
        except GeneratorExit:  # `close` tells why
            raise
        except BaseException as error:  # also a row's time limit and Ctrl-C
            self._recording.end(describe(error))
            raise
        self._recording.end(None)

    def close(self) -> None:
        reason = sys.exc_info()[1]
        self._inner.close()
        why = "" if reason is None or isinstance(reason, GeneratorExit) else f", {describe(reason)}"
        self._recording.end(f"the client stopped reading before the end{why}")
