"""A gateway on a real socket in front of a backend that plays scripts, each in its own thread."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from aiohttp import web

from gateway.backends.kinds import GatewayConfig, load
from gateway.config.load import Config
from gateway.server.listen import create_server, listen
from gateway.server.service import Gateway as Service

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


@contextmanager
def in_thread(running: Callable[[], Any]) -> Iterator[Any]:
    """Enter the async context manager `running()` on the event loop of a new thread."""
    entered = threading.Event()
    leave: asyncio.Event
    loop: asyncio.AbstractEventLoop
    value: Any = None

    async def main() -> None:
        nonlocal leave, loop, value
        leave, loop = asyncio.Event(), asyncio.get_running_loop()
        async with running() as value:
            entered.set()
            await leave.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert entered.wait(10), "the thread did not come up"
    try:
        yield value
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join(15)
        assert not thread.is_alive()


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


@dataclass
class Gateway:
    url: str
    server: uvicorn.Server
    service: Service


@asynccontextmanager
async def serving_gateway(config: Config, source: Path | None = None) -> AsyncIterator[Gateway]:
    listener = listen("127.0.0.1", 0)
    service = Service(config, source=source)
    service.shutdown.limit_s = 1
    server = create_server(service)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield Gateway(f"http://127.0.0.1:{listener.getsockname()[1]}", server, service)
    finally:
        server.should_exit = True
        await task


@pytest.fixture(scope="session")
def _backend() -> Iterator[Backend]:
    with in_thread(lambda: serving_backend(Backend())) as backend:
        yield backend


@pytest.fixture
def backend(_backend: Backend) -> Backend:
    """The backend, without the traces of earlier tests."""
    _backend.script = None
    _backend.bodies.clear()
    _backend.headers.clear()
    _backend.paths.clear()
    _backend.health.clear()
    _backend.called.clear()
    _backend.closed.clear()
    return _backend


@pytest.fixture(scope="session")
def _gateway(_backend: Backend) -> Iterator[Gateway]:
    """A gateway with an OpenAI and an Ollama backend at the same address, small limits, and a dead backend."""
    config = GatewayConfig(
        limits={"body_bytes": 20_000, "json_depth": 20},
        backends={
            "up": {"kind": "openai", "base_url": f"{_backend.url}/v1"},
            "ollama": {"kind": "ollama", "base_url": _backend.url},
            "dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
        },
        models={
            "m": {"route": [{"backend": "up"}]},
            "org/renamed": {"route": [{"backend": "up", "model": "inner"}]},
            "o": {"route": [{"backend": "ollama", "model": "llama"}]},
            "gone": {"route": [{"backend": "dead"}]},
            "spare": {"route": [{"backend": "dead"}, {"backend": "up", "model": "inner"}]},
        },
    )
    with in_thread(lambda: serving_gateway(config)) as gateway:
        yield gateway


@pytest.fixture
def hasty_client(start_gateway: Callable[..., Any], backend: Backend) -> Iterator["Client"]:
    """A client of a gateway that waits 0.3 s for an event and 1 s for a whole answer."""
    with start_gateway(
        timeouts={"first_byte_s": 0.3, "idle_s": 0.3, "total_s": 1},
        backends={"up": {"kind": "openai", "base_url": backend.url}},
        models={"m": {"route": [{"backend": "up"}]}},
    ) as client:
        yield client


class Client:
    """HTTP client of the gateway; checks every error against OpenAI's shape."""

    def __init__(self, gateway: Gateway) -> None:
        self.http = httpx2.Client(base_url=gateway.url, timeout=10)
        self.service = gateway.service
        self._gateway = gateway

    def stop(self) -> None:
        """Act like a stop signal."""
        self._gateway.server.should_exit = True

    @property
    def connections(self) -> list[Any]:
        """The open connections of the gateway, of all clients."""
        return list(self._gateway.server.server_state.connections)

    def post(self, body: Any, *, path: str = "/v1/chat/completions", **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.post(path, content=content, headers=headers)

    def chat(self, model: str = "m", **fields: Any) -> httpx2.Response:
        return self.post({"model": model, "messages": [{"role": "user", "content": "hi"}], **fields})

    def events(self, model: str = "m", **fields: Any) -> list[Any]:
        """The data of a stream's events, parsed except `[DONE]`."""
        response = self.chat(model, stream=True, **fields)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        events = response.text.split("\n\n")
        assert events.pop() == "", "the stream ends within an event"
        assert all(event.startswith("data: ") for event in events)
        return [event[6:] if event == "data: [DONE]" else json.loads(event[6:]) for event in events]

    @staticmethod
    def error(response: httpx2.Response) -> dict[str, Any]:
        """The error object, checked against the shape that every error must have."""
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-request-id"]
        error = response.json()["error"]
        assert sorted(error) == ["code", "message", "param", "type"]
        assert len(error["message"]) > 20
        assert error["code"] is None or isinstance(error["code"], str)
        return error


@pytest.fixture
def client(_gateway: Gateway) -> Iterator[Client]:
    it = Client(_gateway)
    with it.http:
        yield it


@pytest.fixture(scope="session")
def start_gateway() -> Callable[..., Any]:
    """`with start_gateway(backends=…, models=…, …) as client`, or with `source`, the configuration's file."""

    @contextmanager
    def start(source: Path | None = None, **settings: Any) -> Iterator[Client]:
        config = load(source) if source else GatewayConfig(**settings)
        with in_thread(lambda: serving_gateway(config, source)) as gateway:
            client = Client(gateway)
            with client.http:
                yield client

    return start


@pytest.fixture(scope="session")
def in_own_thread() -> Callable[..., Any]:
    """`with in_own_thread(server) as value` enters an async context manager on an event loop of its own."""
    return in_thread
