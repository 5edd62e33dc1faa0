"""A gateway on a real socket, and event loops of their own for it and its backends."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from gateway.config.load import Config
from gateway.server.listen import create_server, listen
from gateway.server.service import Gateway as Service

NEVER_OPENS = {"consecutive_failures": 1_000_000}
"""Settings of breakers for a gateway that several tests share: the failures of one test tell the others nothing."""


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
