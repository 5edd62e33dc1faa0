"""The floor: the least work of a gateway in Python, raw ASGI in, aiohttp out, not one check.

Upstreams: `FLOOR_JSON` for ordinary requests, `FLOOR_STREAM` for streams; both are addresses without a path.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import aiohttp
import uvicorn

JSON, STREAM = os.environ["FLOOR_JSON"], os.environ["FLOOR_STREAM"]
HEADERS = {"content-type": "application/json"}


class Floor:
    """The ASGI application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Forward the request body to the upstream, and its answer to the client."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        body, more = b"", scope["method"] == "POST"
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        if not body:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ready"})
            return
        upstream = STREAM if b'"stream": true' in body else JSON
        async with self._session.post(upstream + scope["path"], data=body, headers=HEADERS) as answer:
            kind = (b"content-type", answer.headers["content-type"].encode())
            await send({"type": "http.response.start", "status": answer.status, "headers": [kind]})
            if upstream is STREAM:
                async for data in answer.content.iter_any():
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            else:
                await send({"type": "http.response.body", "body": await answer.read()})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    uvicorn.run(Floor(), host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="error")
