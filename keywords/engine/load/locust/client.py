"""Client of Locust's users: blocking sockets, which gevent lets wait together; answers are read as by the engine."""

from __future__ import annotations

import socket
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httptools
from gevent import GreenletExit

from keywords.engine import clock
from keywords.engine.load.answer import LoadAnswer
from keywords.engine.load.client import request_head
from keywords.engine.load.failures import Failure, describe, is_exhaustion

if TYPE_CHECKING:
    from keywords.engine.load.plan import Target
    from keywords.engine.load.sample import Sample

_READ = 65_536
_PORTS = {"http": 80, "https": 443}


class LocustClient:
    """Client of one server with a pool of connections; one for each Locust process.

    As the engine's client, it follows no redirect, accepts no compression, and resends a request only where a
    connection from the pool turns out to be closed before anything of an answer came.

    Args:
        target: the server.
        timeout_s: longest time of a request, connecting included.

    Attributes:
        exhausted: requests that failed because this machine had no file descriptor or port left.
    """

    def __init__(self, target: Target, *, timeout_s: float) -> None:
        parts = urlsplit(target.url)
        self._address = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._head = request_head(target)
        self._timeout_s = timeout_s
        self._idle: list[_Connection] = []
        self.exhausted = 0

    def send(self, body: bytes, sample: Sample) -> None:
        """Send a request, read its answer, and fill the sample; every failure is a sample too.

        Raises:
            GreenletExit: Locust ended the user; the sample says that it was cancelled.
        """
        request = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
        deadline = clock.now() + self._timeout_s
        try:
            connection = self._idle.pop() if self._idle else None
            if connection is not None:
                sample.reused_connection = True
                if self._exchange(connection, request, LoadAnswer(sample), deadline):
                    return
                sample.resent, sample.reused_connection = True, False
            self._send_anew(request, LoadAnswer(sample), deadline)
        except GreenletExit:
            sample.cancelled = True
            raise
        finally:
            sample.t_done = clock.now() if sample.t_done is None else sample.t_done

    def _send_anew(self, request: bytes, answer: LoadAnswer, deadline: float) -> None:
        try:
            connection = _Connection(self._address, self._tls, deadline)
        except TimeoutError:
            answer.failure = Failure("timeout", f"no connection within {self._timeout_s:g} s")
        except OSError as error:
            self.exhausted += is_exhaustion(error)
            answer.failure = Failure("no_connection", describe(error))
        else:
            self._exchange(connection, request, answer, deadline)
            return
        answer.settle()

    def _exchange(self, connection: _Connection, request: bytes, answer: LoadAnswer, deadline: float) -> bool:
        """Send and read; false if a connection from the pool was closed before anything of an answer came."""
        sample = answer.sample
        sample.t_connected = clock.now()
        is_whole = False
        try:
            is_whole = connection.exchange(request, answer, deadline)
        except TimeoutError:
            answer.failure = answer.failure or Failure("timeout", f"no end within {self._timeout_s:g} s")
        except (OSError, httptools.HttpParserError) as error:
            if sample.reused_connection and sample.status is None and isinstance(error, OSError):
                return False
            is_http = isinstance(error, OSError)
            answer.failure = answer.failure or Failure("cut" if is_http else "malformed", describe(error))
        finally:
            if not is_whole or not connection.is_reusable:
                connection.close()
        sample.t_done = clock.now()
        if is_whole:
            answer.finish()
            if connection.is_reusable:
                self._idle.append(connection)
        else:
            answer.settle()
        return True


class _Connection:
    """A connection; it reads one answer at a time."""

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None, deadline: float) -> None:
        sock = socket.create_connection(address, timeout=_left(deadline))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock if tls is None else tls.wrap_socket(sock, server_hostname=address[0])
        self.is_reusable = False

    def exchange(self, request: bytes, answer: LoadAnswer, deadline: float) -> bool:
        """Send a request and read its answer; whether it came to its end."""
        receiver = _Receiver(answer)
        self._socket.settimeout(_left(deadline))
        # Right before the bytes go, so that no latency is too short.
        answer.sample.t_sent = clock.now()
        self._socket.sendall(request)
        while not receiver.is_whole and not answer.is_refused:
            self._socket.settimeout(_left(deadline))
            data = self._socket.recv(_READ)
            receiver.read_at = clock.now()
            if not data:
                if receiver.has_head and not receiver.is_framed:
                    receiver.is_whole = True
                    break
                raise ConnectionResetError("the server closed the connection before the end of its answer")
            receiver.parser.feed_data(data)
        self.is_reusable = receiver.is_whole and receiver.is_framed and receiver.parser.should_keep_alive()
        return receiver.is_whole

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class _Receiver:
    """Hands the parts of an answer to its reader, as httptools finds them."""

    def __init__(self, answer: LoadAnswer) -> None:
        self.read_at = 0.0
        self.has_head = self.is_whole = self.is_framed = False
        self.parser = httptools.HttpResponseParser(self)
        self._answer = answer
        self._headers: dict[bytes, bytes] = {}

    def on_message_begin(self) -> None:
        """Forget the headers of an interim answer."""
        self._headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Begin the answer, unless this is an interim one."""
        if (status := self.parser.get_status_code()) < HTTPStatus.OK:
            return
        self._answer.begin(status, self._headers)
        self.has_head = True
        self.is_framed = bool(self._headers.keys() & {b"content-length", b"transfer-encoding"})

    def on_body(self, data: bytes) -> None:
        """Read a piece of the body."""
        self._answer.take(data, self.read_at)

    def on_message_complete(self) -> None:
        """End the answer, unless it was an interim one."""
        self.is_whole = self.has_head


def _left(deadline: float) -> float:
    left = deadline - clock.now()
    if left <= 0:
        raise TimeoutError
    return left
