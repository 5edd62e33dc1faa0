"""A backend on a real socket that plays scripts."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Script = Callable[[web.Request], Awaitable[web.StreamResponse]]

COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    "x_unknown": {"kept": True},
}


@dataclass
class Backend:
    """A backend on a real socket.

    Attributes:
        script: handles the next requests.
        bodies: the bodies that reached it.
        headers: their headers.
        paths: their paths, queries included.
        health: status and body of the answer to GET, by path; other paths answer with an empty list of models.
        called: set when a request has reached it.
        closed: set when a request was cut off by the gateway.
    """

    url: str = ""
    script: Script | None = None
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    health: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    called: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    @staticmethod
    def chunk(content: str | None = None, finish: str | None = None) -> bytes:
        """One chunk event, as an OpenAI-compatible backend writes it."""
        delta = {} if content is None else {"content": content}
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET" and request.path_qs in self.health:
            status, body = self.health[request.path_qs]
            return web.Response(status=status, body=body)
        if request.method == "GET":
            return web.json_response({"object": "list", "data": []})
        self.bodies.append(await request.read())
        self.headers.append(request.headers)
        self.paths.append(request.raw_path)
        self.called.set()
        try:
            return await self.script(request) if self.script else web.json_response(COMPLETION)
        except (asyncio.CancelledError, ConnectionError):
            self.closed.set()
            raise

    def answers(
        self, answer: Any = None, status: int = 200, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> None:
        body = json.dumps(answer).encode() if raw is None else raw

        async def script(_: web.Request) -> web.StreamResponse:
            return web.Response(
                body=body, status=status, headers={"content-type": "application/json", **(headers or {})}
            )

        self.script = script

    def streams(self, *pieces: bytes, cut: bool = False, pause_s: float = 0, kind: str = "text/event-stream") -> None:
        """Send the pieces one by one, then end cleanly, or cut the connection, after a pause."""

        async def script(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"content-type": kind})
            await response.prepare(request)
            for piece in pieces:
                await response.write(piece)
                await asyncio.sleep(0.005)
            await asyncio.sleep(pause_s)
            if cut and request.transport:
                request.transport.abort()
            return response

        self.script = script

    def is_silent(self) -> None:
        async def script(_: web.Request) -> web.StreamResponse:
            await asyncio.sleep(30)
            return web.Response()

        self.script = script


@asynccontextmanager
async def serving_backend(backend: Backend) -> AsyncIterator[Backend]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", backend.handle)
    # The script of a request that the gateway gave up is cancelled, so that the tests notice.
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    backend.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield backend
    finally:
        await runner.cleanup()
