"""Wire between a client and a sound server, which plants a defect."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

from keywords.engine.defects.exchange import Answer, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import ClientResponse

    from keywords.engine.defects.exchange import Plant

_LOG = logging.getLogger(__name__)
# Headers of one connection, and those that a changed body needs anew.
_HOP_HEADERS: Final = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
# Headers that aiohttp's client would add of its own.
_CLIENT_HEADERS: Final = ("accept", "accept-encoding", "content-type", "user-agent")
_LINE_BYTES: Final = 2**24
# Rows send long headers on purpose; the server behind the wire shall judge them.
_HEAD_BYTES: Final = 2**20


class Wire:
    """Passes requests on to a server, and its answers back, spoilt by a defect.

    Args:
        plant: makes the defect.
        valid_key: a key that the server accepts.
        server_url: the server's address; it may be set later, before the first request.

    Attributes:
        server_url: the server's address, without a path.
        keys: the clients' keys by request id.
    """

    def __init__(self, plant: Plant, valid_key: str, server_url: str = "") -> None:
        self._spoil = plant()
        self._valid_key = valid_key
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self.server_url = server_url
        self.keys: dict[str, str | None] = {}

    async def open(self) -> str:
        """Listen on a free port of this machine, and return the address without a path."""
        self._session = ClientSession(
            # A pooled connection may have just been closed by the server, and a limit would queue requests.
            connector=TCPConnector(limit=0, force_close=True),
            auto_decompress=False,
            timeout=ClientTimeout(total=None),
            read_bufsize=_LINE_BYTES,
            trust_env=False,
        )
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._pass_on)
        app.on_response_prepare.append(_remove_own_header)
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,
            access_log=None,
            logger=_LOG,
            shutdown_timeout=0.1,
            max_line_size=_HEAD_BYTES,
            max_field_size=_HEAD_BYTES,
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Cancel running requests and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _pass_on(self, incoming: web.Request) -> web.StreamResponse:
        opened: list[ClientResponse] = []

        async def send(request: Request) -> Answer:
            answer = await self._send(request)
            opened.append(answer)
            self.keys[answer.headers.get("x-request-id", "")] = sent_key
            is_stream = answer.content_type == "text/event-stream"
            headers = _forwarded(answer.headers)
            if request.method == "HEAD" and "content-length" in answer.headers:
                headers["content-length"] = answer.headers["content-length"]
            return Answer(answer.status, headers, _events(answer) if is_stream else _whole(answer), is_stream)

        request = Request(
            incoming.method, incoming.raw_path, _forwarded(incoming.headers), await incoming.read(), self._valid_key
        )
        sent_key = request.key
        try:
            return await _give(incoming, await self._spoil(request, send))
        finally:
            # The server shall notice at once that the client has left.
            for answer in opened:
                answer.close()

    async def _send(self, request: Request) -> ClientResponse:
        assert self._session is not None  # noqa: S101  # opened before it listens
        return await self._session.request(
            request.method,
            URL(self.server_url + request.path, encoded=True),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
            skip_auto_headers=_CLIENT_HEADERS,
        )


async def _give(incoming: web.Request, answer: Answer) -> web.StreamResponse:
    if not answer.is_stream and incoming.method != "HEAD":
        body = await answer.read()
        answer.headers.setdefault("content-length", str(len(body)))
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    await response.prepare(incoming)
    async for part in answer.parts:
        await response.write(part)
    if answer.breaks_off and incoming.transport is not None:
        incoming.transport.abort()
        return response
    await response.write_eof()
    if answer.closes and incoming.transport is not None:
        incoming.transport.close()
    return response


async def _whole(answer: ClientResponse) -> AsyncIterator[bytes]:
    yield await answer.read()


async def _events(answer: ClientResponse) -> AsyncIterator[bytes]:
    lines: list[bytes] = []
    async for line in answer.content:
        lines.append(line)
        if line == b"\n":
            yield b"".join(lines)
            lines.clear()
    if lines:
        yield b"".join(lines)


async def _remove_own_header(_request: web.Request, response: web.StreamResponse) -> None:
    """Remove the header by which aiohttp names itself, unless the server behind the wire sent one."""
    if "aiohttp" in response.headers.get("server", ""):
        del response.headers["server"]


def _forwarded(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_HEADERS)
