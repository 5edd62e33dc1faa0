"""uvicorn, set up for streams: it says where it listens, and a stop signal ends it within seconds."""

from __future__ import annotations

import signal
import socket
import uuid
from typing import TYPE_CHECKING, Any

import uvicorn

from gateway.errors import InvalidRequest
from gateway.telemetry import configure_logging, say

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# Answers under way may end by themselves for so long; then streams end with an error event.
GRACEFUL_S = 2
# Longer than the pools of common clients keep a connection, so that none is closed under a request.
KEEP_ALIVE_S = 75
BACKLOG = 2048


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say the address once it answers."""
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            say("listening", url=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: the address is taken, or is none of this machine's.
    """
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then return."""
    config = uvicorn.Config(
        app,
        http=_http_protocol(),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACEFUL_S,
    )
    configure_logging()
    # uvicorn raises the signal again after its own clean end; without these the process would die of it then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _Server(config).run(sockets=[listener])
    say("stopped")


def _http_protocol() -> Any:
    """The HTTP parser of uvicorn, whose answer to something that is no HTTP has OpenAI's shape too."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol  # noqa: PLC0415  # optional
    except ImportError:
        return "auto"

    class GatewayProtocol(Protocol):
        def send_400_response(self, msg: str) -> None:
            body = InvalidRequest(f"{msg} Send a well-formed HTTP/1.1 request.").body()
            head = (
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nx-request-id: {uuid.uuid4().hex}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            self.transport.close()

    return GatewayProtocol
