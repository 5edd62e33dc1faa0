"""Cross-origin requests: which pages in a browser may ask the gateway and read its answers (fetch.spec.whatwg.org)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send


class CrossOrigin(CORSMiddleware):
    """Answers preflights, which carry no key, and lets pages of the allowed origins read all answers and headers.

    Its place is around the request middleware, so that refusals and streams have its headers too. A preflight that it
    would refuse goes on to the application, whose refusals have the form of the endpoint.

    Args:
        app: the application.
        origins: as browsers send them, such as `https://chat.example.org`; `*` stands for every page.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            # The application refuses a method better: its answer names the right one, and the page can read it.
            allow_methods=("*",),
            allow_headers=("*",),
            expose_headers=("*",),
            # A page on the internet may ask a gateway in a private network if its own origin is listed.
            allow_private_network="*" not in origins,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            is_preflight = "origin" in headers and "access-control-request-method" in headers
            if is_preflight and self.preflight_response(headers).status_code != HTTPStatus.OK:
                await self.simple_response(scope, receive, send, request_headers=headers)
                return
        await super().__call__(scope, receive, send)
