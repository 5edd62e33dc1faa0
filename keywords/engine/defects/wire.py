"""Wire between a client and a sound gateway, which plants a defect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from aiohttp import ClientSession, ClientTimeout, web
from multidict import CIMultiDict
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import ClientResponse

    from keywords.engine.defects.catalogue import Defect

# Headers of one connection, and those that a changed body needs anew.
_HOP_HEADERS: Final = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
_KEY_HEADERS: Final = ("authorization", "x-api-key")
_LINE_BYTES: Final = 2**24
_EVENT: Final = b"data: "


class Wire:
    """Passes requests on to a gateway, and its answers back, spoilt by a defect.

    Args:
        defect: the defect.
        valid_key: a key that the gateway accepts.

    Attributes:
        gateway_url: the gateway's address; set once it listens.
        keys: the clients' keys by request id.
    """

    def __init__(self, defect: Defect, valid_key: str) -> None:
        self._defect = defect
        self._valid_key = valid_key
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self.gateway_url = ""
        self.keys: dict[str, str | None] = {}

    async def open(self) -> str:
        """Listen on a free port of this machine, and return the address without a path."""
        self._session = ClientSession(
            auto_decompress=False, timeout=ClientTimeout(total=None), read_bufsize=_LINE_BYTES, trust_env=False
        )
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
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

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None  # noqa: S101  # opened before it listens
        url = URL(self.gateway_url + request.raw_path, encoded=True)
        body = await request.read()
        headers = _forwarded(request.headers)
        sent = next((headers[name] for name in _KEY_HEADERS if name in headers), None)
        self._replace_key(headers, sent)
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            self.keys[answer.headers.get("x-request-id", "")] = sent
            if answer.content_type == "text/event-stream":
                return await self._stream(request, answer)
            data = self._spoil(request.path, await answer.read())
            return web.Response(
                status=answer.status, reason=answer.reason, headers=_forwarded(answer.headers), body=data
            )

    async def _stream(self, request: web.Request, answer: ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_forwarded(answer.headers))
        await response.prepare(request)
        async for line in answer.content:
            data = line.removeprefix(_EVENT)
            await response.write(data if data == line else _EVENT + self._spoil(request.path, data))
        await response.write_eof()
        return response

    def _replace_key(self, headers: CIMultiDict[str], sent: str | None) -> None:
        key = self._defect.key(sent, f"Bearer {self._valid_key}")
        if key is not None and key != sent:
            for name in _KEY_HEADERS:
                headers.popall(name, None)
            headers["authorization"] = key

    def _spoil(self, path: str, body: bytes) -> bytes:
        try:
            value = json.loads(body)
        except ValueError:
            return body
        if not isinstance(value, dict):
            return body
        before = json.dumps(value)
        self._defect.spoil(path, value)
        after = json.dumps(value)
        # Unchanged bodies pass byte for byte.
        return body if after == before else after.encode() + (b"\n" if body.endswith(b"\n") else b"")


def _forwarded(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_HEADERS)
