"""Flood of malformed requests, sent as bytes one after the other, and verification of every answer."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keywords.engine import clock
from keywords.engine.anthropic.conformance import error_body_defects
from keywords.engine.fuzz.http import KEY, MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keywords.engine.fuzz.malformed import MalformedRequest

_ANSWER_LIMIT_S = 5.0
_SHOWN_BYTES = 400
_PROGRESS_EVERY = 500
UNKNOWN_TO_SERVER = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED})
"""What a server says of a transfer coding or a version that it does not know (RFC 9112, sections 6.1 and 2.3)."""
_HUNG = b"TimeoutError"


@dataclass(frozen=True, slots=True)
class Finding:
    """One request with a wrong answer.

    Attributes:
        endpoint: path of the request's endpoint.
        family: family of the request's fault.
        fault: fault of the answer.
        request: bytes to send again; `<secret>` stands in place of the key.
        status: of the answer; None if none came.
        answer: body of the answer.
    """

    endpoint: str
    family: str
    fault: str
    request: bytes
    status: int | None
    answer: bytes

    def __str__(self) -> str:
        """One line for a message; long bytes are shortened."""
        return (
            f"{self.endpoint}, {self.family}: {self.fault}; "
            f"{_shown(self.request)} -> {self.status} {_shown(self.answer)}"
        )


@dataclass(slots=True)
class Flood:
    """Answers to a flood of malformed requests.

    Attributes:
        seed: the generator's seed.
        sent: number of requests.
        took_s: seconds for all of them.
        statuses: counts by endpoint, family and status; status None is no answer.
        server_errors: answers from 500 up, but for `UNKNOWN_TO_SERVER` to bytes that are no HTTP.
        malformed_answers: refusals whose body is not the endpoint's error object: OpenAI's with its four keys, or
            Anthropic's with its type.
        accepted: malformed requests that were answered with success.
        unanswered: HTTP requests without an answer within 5 seconds on a fresh connection; and bytes that are no HTTP
            whose connection was neither answered nor closed within that time.
    """

    seed: int
    sent: int = 0
    took_s: float = 0.0
    statuses: dict[tuple[str, str], Counter[int | None]] = field(default_factory=dict)
    server_errors: list[Finding] = field(default_factory=list)
    malformed_answers: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)
    unanswered: list[Finding] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """All findings, the worst first."""
        return [*self.server_errors, *self.unanswered, *self.accepted, *self.malformed_answers]

    def by_endpoint(self) -> dict[str, Counter[int | None]]:
        """Counts by endpoint and status."""
        counts: dict[str, Counter[int | None]] = {}
        for (endpoint, _), statuses in self.statuses.items():
            counts.setdefault(endpoint, Counter()).update(statuses)
        return counts

    def add(self, request: MalformedRequest, status: int | None, answer: bytes) -> None:
        """Count an answer, and keep it if it is wrong; without a status, `answer` is the reason."""
        self.sent += 1
        self.statuses.setdefault((request.endpoint, request.family), Counter())[status] += 1

        def finding(fault: str) -> Finding:
            return Finding(request.endpoint, request.family, fault, request.data, status, answer)

        if status is None:
            # Bytes that are no HTTP request need no answer, but their connection must close.
            if request.is_http or answer.startswith(_HUNG):
                self.unanswered.append(finding("no answer"))
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR and (request.is_http or status not in UNKNOWN_TO_SERVER):
            self.server_errors.append(finding("server error"))
        elif status < HTTPStatus.BAD_REQUEST:
            self.accepted.append(finding("accepted"))
        elif request.is_http and (fault := shape_fault(request.endpoint, status, answer)):
            self.malformed_answers.append(finding(fault))


class FloodTooSlowError(Exception):
    """The time was over before all requests were sent; `flood` holds the answers until then."""

    def __init__(self, message: str, flood: Flood) -> None:
        super().__init__(message)
        self.flood = flood


def send_all(
    requests: Iterable[MalformedRequest],
    *,
    url: str,
    api_key: str | None,
    seed: int,
    time_limit_s: float,
    progress: Callable[[int], None],
) -> Flood:
    """Send the requests, over one connection as long as the server keeps it open.

    Args:
        requests: the requests.
        url: address of the server, without a path.
        api_key: replaces `<secret>`; without a key the placeholder is sent.
        seed: the generator's seed, for the record.
        time_limit_s: limit of the whole flood, in seconds.
        progress: called after every 500 requests with their number.

    Raises:
        FloodTooSlowError: the time was over before all requests were sent.
    """
    flood = Flood(seed)
    key = api_key.encode() if api_key else KEY
    connection = _Connection(url)
    started = clock.now()
    all_requests = list(requests)
    try:
        for request in all_requests:
            flood.took_s = clock.now() - started
            if flood.took_s > time_limit_s:
                message = f"Only {flood.sent} of {len(all_requests)} requests were answered within {time_limit_s:g} s."
                raise FloodTooSlowError(message, flood)
            data = request.data.replace(KEY, key, 1)
            status, answer = connection.send(data) if request.is_http else _send_once(url, data)
            flood.add(request, status, answer.replace(key, KEY))
            if flood.sent % _PROGRESS_EVERY == 0:
                progress(flood.sent)
    finally:
        connection.close()
    flood.took_s = clock.now() - started
    return flood


def shape_fault(endpoint: str, status: int, body: bytes) -> str | None:
    """The deviation of a refusal from its endpoint's error object; None if there is none."""
    if endpoint == MESSAGES:
        return "; ".join(error_body_defects(status, body)) or None
    return error_shape_fault(body)


def error_shape_fault(body: bytes) -> str | None:
    """The deviation of a body from `{"error": {"message", "type", "param", "code"}}`; None if there is none.

    Message and type are texts, param and code are texts or null (OpenAI's published `ErrorResponse`).
    """
    try:
        error = json.loads(body)["error"]
        values = {name: error[name] for name in ("message", "type", "param", "code")}
    except ValueError:
        return "body is not JSON"
    except (KeyError, TypeError) as missing:
        return f"body is no error object ({type(missing).__name__}: {missing})"
    for name, value in values.items():
        if not isinstance(value, str) and (value is not None or name in {"message", "type"}):
            return f"error.{name} is {value!r}, no text"
    return None


class _Connection:
    """A connection that stays open between requests, and is opened again if the server closed it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket: socket.socket | None = None

    def send(self, data: bytes) -> tuple[int | None, bytes]:
        """Send a request and return status and body, or None and the reason."""
        if self._socket is not None:
            try:
                return self._exchange(self._socket, data)
            except http.client.RemoteDisconnected:
                # The server may close an idle connection at any time (RFC 9112 §9.3): only a fresh connection shows
                # whether this request caused it.
                self.close()
            except (OSError, http.client.HTTPException) as error:
                return self._failed(error)
        try:
            self._socket = _connect(self._url)
            return self._exchange(self._socket, data)
        except (OSError, http.client.HTTPException) as error:
            return self._failed(error)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, connection: socket.socket, data: bytes) -> tuple[int, bytes]:
        status, body, closes = _exchange(connection, data)
        if closes:
            self.close()
        return status, body

    def _failed(self, error: Exception) -> tuple[None, bytes]:
        self.close()
        return None, f"{type(error).__name__}: {error}".encode()


def _exchange(connection: socket.socket, data: bytes) -> tuple[int, bytes, bool]:
    # A server that refuses early may stop reading; its answer can still be read.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
    return _read(connection, data.split(b" ", 1)[0].decode("latin-1"))


def _read(connection: socket.socket, method: str) -> tuple[int, bytes, bool]:
    with http.client.HTTPResponse(connection, method=method) as answer:
        answer.begin()
        return answer.status, answer.read(), answer.will_close


def _send_once(url: str, data: bytes) -> tuple[int | None, bytes]:
    """Send bytes over their own connection, close its sending side, and return status and body."""
    try:
        with _connect(url) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            status, body, _ = _read(connection, "POST")
            return status, body
    except (OSError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {error}".encode()


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    encrypted = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if encrypted else 80)
    connection = socket.create_connection((host, port), timeout=_ANSWER_LIMIT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ssl.create_default_context().wrap_socket(connection, server_hostname=host) if encrypted else connection


def _shown(data: bytes) -> str:
    return repr(data) if len(data) <= _SHOWN_BYTES else f"{data[:_SHOWN_BYTES]!r}… ({len(data)} bytes)"
