"""HEAD is answered wherever GET is (RFC 9110 §9.1 and §9.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class HeadAsGet:
    """ASGI middleware that routes HEAD like GET; the server writes the head of the answer only.

    Its place is within the request middleware, so that the log still says HEAD.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)


def with_head(methods: set[str]) -> set[str]:
    """The methods, and HEAD if GET is among them."""
    return methods | {"HEAD"} if "GET" in methods else methods
