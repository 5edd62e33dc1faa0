"""Bodies of a real server, as the gateway's client reads them."""

import asyncio
import contextlib

import aiohttp
from aiohttp import web

from gateway.backends.http.timing import TimedConnector, TimedResponse
from gateway.request.liveness import Liveness


@contextlib.asynccontextmanager
async def body_of(*pieces, cut=False, **headers):
    """The chunks of an answer that is written piece by piece; `None` among them waits until the rest was asked for."""
    go_on = asyncio.Event()

    async def answer(request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream", **headers})
        await response.prepare(request)
        for piece in pieces:
            if piece is None:
                await go_on.wait()
            else:
                await response.write(piece)
                await asyncio.sleep(0.002)
        if cut:
            request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # aiohttp has no public way to learn it
    try:
        async with (
            aiohttp.ClientSession(connector=TimedConnector(), response_class=TimedResponse) as session,
            session.get(f"http://127.0.0.1:{port}/") as response,
        ):
            response.show_life(Liveness())
            yield response.chunks(), go_on
    finally:
        await runner.cleanup()


def run(check):
    return asyncio.run(asyncio.wait_for(check, 10))
