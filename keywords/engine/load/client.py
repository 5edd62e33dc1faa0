"""Client of a load run: sends one request, and fills its sample."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keywords.engine import clock
from keywords.engine.http.authorization import authorization
from keywords.engine.load.answer import LoadAnswer
from keywords.engine.load.connection import Connection, Inbox
from keywords.engine.load.deadlines import Deadlines
from keywords.engine.load.failures import Failure, describe, is_exhaustion
from keywords.engine.redaction.secrets import SECRETS

if TYPE_CHECKING:
    from keywords.engine.load.plan import Target
    from keywords.engine.load.sample import Sample

CONNECT_S = 10.0
"""Longest time until a connection is ready, encryption included."""
_PORTS = {"http": 80, "https": 443}


class LoadClient:
    """Client of one server, with a pool of connections; create it within a running loop.

    It ignores the environment's proxies (`HTTP_PROXY` and the like), so that nothing else is measured, follows no
    redirect, accepts no compression, and retries nothing but this: a request on a connection from the pool that turns
    out to be closed before anything of an answer came is sent once more on a new one, see `Sample.resent`. User and
    password in the address become basic authorization.

    Args:
        target: the server.
        timeout_s: longest time of a request, connecting included.

    Attributes:
        exhausted: requests that failed because this machine had no file descriptor or port left.

    Raises:
        ValueError: the address has no host, or is neither `http` nor `https`; or a header would break its line.
    """

    def __init__(self, target: Target, *, timeout_s: float) -> None:
        parts = urlsplit(target.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("url must be http://host:port or https://host:port")
        self._host, self._port = parts.hostname, parts.port or _PORTS[parts.scheme]
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._head = request_head(target)
        self._loop = asyncio.get_running_loop()
        self._direct = type(self._loop).__module__.startswith("uvloop")
        self._inbox = Inbox()
        self._deadlines = Deadlines(Failure("timeout", f"no end of the answer within {timeout_s:g} s"))
        self._idle: list[Connection] = []
        self.exhausted = 0

    async def send(self, body: bytes, sample: Sample, *, keeps_text: bool = False) -> LoadAnswer:
        """Send a request, read its answer, and fill the sample; every failure is a sample too.

        Args:
            body: of the request.
            sample: `t_connected` and all that comes later is filled.
            keeps_text: whether the answer keeps its text.

        Raises:
            CancelledError: the task was cancelled; the sample says so.
        """
        request = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
        deadline = clock.now() + self._timeout_s
        connection = self._from_pool()
        sample.reused_connection = connection is not None
        try:
            while True:
                answer = LoadAnswer(sample, keeps_text=keeps_text)
                if connection is None and (connection := await self._connect(answer, deadline)) is None:
                    return answer
                # Not in a coroutine of its own: each that is awaited costs as much as reading an event.
                sample.t_connected = clock.now()
                self._deadlines.add(connection, deadline)
                try:
                    await connection.request(request, answer)
                except asyncio.CancelledError:
                    connection.abort()
                    answer.settle()
                    raise
                finally:
                    self._deadlines.remove(connection)
                if connection.is_open:
                    self._idle.append(connection)
                if not sample.reused_connection or not _is_stale(connection, answer):
                    return answer
                sample.error = sample.error_message = sample.t_done = connection = None
                sample.resent, sample.reused_connection = True, False
        except asyncio.CancelledError:
            sample.cancelled = True
            sample.t_done = clock.now()
            raise

    def close(self) -> None:
        """Close the connections of the pool."""
        self._deadlines.close()
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _from_pool(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self, answer: LoadAnswer, deadline: float) -> Connection | None:
        limit_s = min(CONNECT_S, deadline - clock.now())
        try:
            async with asyncio.timeout(limit_s):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._inbox, direct=self._direct),
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
        except TimeoutError:
            failure = Failure("no_connection", f"no connection within {limit_s:.3g} s")
        except OSError as error:
            self.exhausted += is_exhaustion(error)
            failure = Failure("no_connection", f"{type(error).__name__}: {describe(error)}")
        except UnicodeError as error:
            failure = Failure("no_connection", f"the host is no host name: {describe(error)}")
        else:
            return connection
        answer.failure = failure
        answer.sample.t_done = clock.now()
        answer.settle()
        return None


def _is_stale(connection: Connection, answer: LoadAnswer) -> bool:
    """Whether a connection from the pool was closed before anything of an answer came."""
    return answer.failure is not None and answer.failure.error == "cut" and not connection.has_answer_bytes


def request_head(target: Target) -> bytes:
    """The request's head up to the length of its body."""
    parts = urlsplit(target.url)
    base = parts.path.rstrip("/").removesuffix("/v1")
    headers = {
        "host": parts.netloc.rpartition("@")[2],
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "llm-gateway-qa",
        "content-type": "application/json",
    }
    SECRETS.protect_address(target.url)
    if target.api_key:
        SECRETS.protect(target.api_key)
    if value := authorization(target.url, target.api_key):
        headers["authorization"] = value
    lines = [f"POST {base}{target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("url, path and api_key must have no line end")
    return "\r\n".join([*lines, "content-length: "]).encode()
