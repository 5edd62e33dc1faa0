"""uvicorn, set up for streams: it says where it listens, and a stop signal ends it within seconds."""

from __future__ import annotations

import gc
import signal
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from gateway.telemetry import configure_logging, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

# Answers under way may end by themselves for so long; then streams end with an error event.
GRACEFUL_S = 2
# Longer than the pools of common clients keep a connection, so that none is closed under a request.
KEEP_ALIVE_S = 75
BACKLOG = 2048


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, say_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._say_ready = say_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so once it answers."""
        await super().startup(sockets)
        # Modules and schemas live as long as the process; walking through them again and again would hold up requests
        # for tens of milliseconds, several times a second.
        gc.collect()
        gc.freeze()
        if self.started and self._say_ready:
            self._say_ready()
        elif self.started and sockets:
            say_listening(sockets[0])


def say_listening(listener: socket.socket) -> None:
    """Write the line with the address."""
    host, port = listener.getsockname()[:2]
    say("listening", url=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: the address is taken, or is none of this machine's.
    """
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def create_server(app: ASGIApp, say_ready: Callable[[], None] | None = None) -> uvicorn.Server:
    """A server around `app`, not started.

    Args:
        app: the application.
        say_ready: called once it answers; None writes the line with the address.
    """
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
    return _Server(config, say_ready)


def run(app: ASGIApp, listener: socket.socket, say_ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then return; `say_ready` as for `create_server`."""
    configure_logging()
    server = create_server(app, say_ready)
    # uvicorn's own handlers stand only while it serves: a signal before that must not be lost, and the one that it
    # raises again after its clean end must not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listener])
    say("stopped")


def _http_protocol() -> Any:
    """The protocol on httptools, which Windows does not have: there it is uvicorn's own on h11."""
    try:
        from gateway.http_protocol import GatewayProtocol  # noqa: PLC0415  # it imports httptools
    except ImportError:
        return "auto"
    return GatewayProtocol
