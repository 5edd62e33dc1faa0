"""The pooled HTTP connection to one backend; it raises `GatewayError`s."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import aiohttp
from yarl import URL

from gateway.backends.http.timing import METER, AnswerTooLargeError, TimedConnector, TimedResponse
from gateway.errors.base import BackendBadAnswer, BackendDisconnected, BackendError, BackendTimeout, BackendUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from gateway.backends.base import Call

READY_S = 2.0
# Below llama.cpp's own 5 s, so that the gateway drops an idle connection before the backend drops it under a request.
KEEP_ALIVE_S = 4.0
# Of a backend's head: proxies of companies add long policies and cookies. As much as a client's head may hold.
HEAD_LINE_BYTES = 64 * 1024
HEAD_LINES = 512
_WIRE_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)


class Connection:
    """A long-lived aiohttp session to one base address.

    Args:
        base_url: such as `http://127.0.0.1:11434`; paths are appended to it.
        backend: the backend's name, for messages.
        headers: sent with every request.
        connect_s: limit for making a TCP (and TLS) connection.
    """

    def __init__(self, base_url: str, *, backend: str, headers: Mapping[str, str], connect_s: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._backend = backend
        self._connect_s = connect_s
        self._urls: dict[str, URL] = {}
        self._session = aiohttp.ClientSession(
            # Concurrency is bounded by the gateway's routes and limits, not by the pool.
            connector=TimedConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=TimedResponse,
            headers={"accept-encoding": "identity", "content-type": "application/json", **headers},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s),
            max_line_size=HEAD_LINE_BYTES,
            max_field_size=HEAD_LINE_BYTES,
            max_headers=HEAD_LINES,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def post(self, path: str, body: bytes, call: Call, *, reuse: bool = True) -> _OpenResponse:
        """Send `body` and open the response; its connection is closed unless the response is read to the end.

        Args:
            path: appended to the base address.
            body: JSON.
            call: provides the request id, further headers, and the meter for the waits.
            reuse: whether the connection may carry another request after this one.

        Returns:
            An async context manager, which turns every network error inside it into a `BackendError`.
        """
        headers = {"x-request-id": call.request_id, **call.headers}
        if not reuse:
            headers["connection"] = "close"
        response = self._session.post(self._url(path), data=body, headers=headers, allow_redirects=False)
        return _OpenResponse(response, call, self._to_backend_error)

    async def answers(self, path: str) -> bool:
        """Whether `GET path` returns 2xx within two seconds."""
        answer = await self.get(path)
        return answer is not None and HTTPStatus.OK <= answer[0] < HTTPStatus.MULTIPLE_CHOICES

    async def get(self, path: str, *, within_s: float | None = None) -> tuple[int, bytes] | None:
        """The status and body of `GET path`; None if they do not arrive within two seconds, or `within_s`."""
        try:
            async with (
                asyncio.timeout(within_s or READY_S),
                self._session.get(self._url(path), allow_redirects=False) as response,
            ):
                return response.status, await response.read()
        except _WIRE_ERRORS:
            return None

    def set_header(self, name: str, value: str) -> None:
        """Send `name: value` with every request from now on."""
        self._session.headers[name] = value

    def _url(self, path: str) -> URL:
        if path not in self._urls:
            self._urls[path] = URL(self._base_url + path)
        return self._urls[path]

    def _to_backend_error(self, error: Exception) -> BackendError:
        """Translate an error of aiohttp."""
        name = self._backend
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return BackendTimeout(
                f"Backend '{name}' did not accept a connection within {self._connect_s:g} s. "
                "Check its address and that it runs.",
            )
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorDNSError | aiohttp.InvalidURL):
            return BackendUnreachable(
                f"Backend '{name}' could not be reached: {type(error).__name__}. Check its base_url and that it runs.",
            )
        if isinstance(error, AnswerTooLargeError):
            return BackendBadAnswer(
                f"Backend '{name}' answered with over {error.limit} bytes. Ask for a shorter answer, or for a stream."
            )
        if isinstance(error, TimeoutError):
            return BackendTimeout(f"Backend '{name}' did not answer in time. Try again, or raise [timeouts].")
        if isinstance(error, aiohttp.ClientResponseError):
            return BackendBadAnswer(
                f"Backend '{name}' sent headers that are no HTTP, or longer than {HEAD_LINE_BYTES} bytes a line or "
                f"{HEAD_LINES} lines. Check its base_url."
            )
        return BackendDisconnected(
            f"Backend '{name}' closed the connection before its answer was complete. Send the request again."
        )


class _OpenResponse:
    """Context manager of one response; a class, because `asynccontextmanager` costs each request 3 µs."""

    __slots__ = ("_call", "_pending", "_response", "_to_backend_error")

    def __init__(
        self,
        pending: Awaitable[aiohttp.ClientResponse],
        call: Call,
        to_backend_error: Callable[[Exception], BackendError],
    ) -> None:
        self._pending = pending
        self._call = call
        self._to_backend_error = to_backend_error

    async def __aenter__(self) -> TimedResponse:
        METER.set(self._call.meter)
        try:
            self._response = cast("TimedResponse", await self._pending)
        except _WIRE_ERRORS as error:
            raise self._to_backend_error(error) from error
        self._response.show_life(self._call.liveness)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Closes the connection, unless the response was read to the end and the connection is back in the pool.
        self._response.close()
        if isinstance(error, _WIRE_ERRORS):
            raise self._to_backend_error(error) from error
