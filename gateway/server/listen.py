"""uvicorn, set up for streams: it logs its address, and a stop signal lets requests under way end.

Linux, macOS: SIGTERM and Ctrl-C stop it; SIGHUP reloads the configuration. Windows: Ctrl-C and Ctrl-Break stop it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn

from gateway.logs.events import log_event
from gateway.server.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gateway.config.server import ServerConfig
    from gateway.server.service import Gateway
    from gateway.state import Shutdown

# Time after the drain to send error events and close connections.
GRACEFUL_S = 2
# Longer than the connection pools of common clients keep a connection, so that no request meets a closed one.
KEEP_ALIVE_S = 75
BACKLOG = 2048
# uvloop accepts one connection per turn of its loop and socket. A turn under full load takes many milliseconds, so the
# last of 256 new clients would wait for seconds; with copies of the socket, each turn accepts one from each copy.
ACCEPTS_PER_TURN = 32
# Reference counting frees most of what a request leaves behind, so the collector may run less often.
_GC_THRESHOLDS = (20_000, 50, 50)
_SHUTDOWN_LOOK_S = 0.1


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, shutdown: Shutdown, tell_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._shutdown = shutdown
        self._tell_ready = tell_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report it."""
        await super().startup(sockets)
        # Modules and schemas live as long as the process. If the collector walked through them, it would delay requests
        # by tens of milliseconds, several times a second.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        if self.started and self._tell_ready:
            self._tell_ready()
        elif self.started and sockets:
            log_listening(sockets[0])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the shutdown; a second SIGINT cuts requests under way."""
        self._shutdown.started = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new requests until those under way have ended, then close the listener and all connections."""
        self._shutdown.started = True
        under_way = set(self.server_state.tasks)
        if under_way:
            log_event("draining", requests=len(under_way), limit_s=self._shutdown.limit_s)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._shutdown.limit_s
        while under_way and not self.force_exit and (left_s := deadline - loop.time()) > 0:
            _, under_way = await asyncio.wait(under_way, timeout=min(left_s, _SHUTDOWN_LOOK_S))
        while self._is_writing() and not self.force_exit and loop.time() < deadline:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(_SHUTDOWN_LOOK_S)
        self.force_exit = False
        if under_way:
            log_event("drain_cut", level=logging.WARNING, requests=len(under_way))
            for task in under_way:
                task.cancel()
            await asyncio.wait(under_way, timeout=GRACEFUL_S)
        await super().shutdown(sockets)

    def _is_writing(self) -> bool:
        """Whether a client has not read all of its answer yet."""
        return any(connection.transport.get_write_buffer_size() for connection in self.server_state.connections)


def log_listening(listener: socket.socket) -> None:
    """Log the address."""
    host, port = listener.getsockname()[:2]
    log_event("listening", url=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def log_open(listener: socket.socket) -> None:
    """Warn that no key is required, and say who can use the gateway therefore."""
    here = ip_address(listener.getsockname()[0]).is_loopback
    who, fix = "everyone on this machine", "set GATEWAY_API_KEYS, or keys.file in gateway.toml"
    if not here:
        who, fix = "everyone whom the network lets reach this machine", f"{fix}, or listen on 127.0.0.1"
    reason = f"there are no keys, so {who} may use every model, at your cost"
    log_event("open_to_everyone", level=logging.WARNING, reachable_from_network=not here, reason=reason, fix=fix)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free port.

    Raises:
        OSError: the address is taken, or does not belong to this machine.
    """
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def create_server(gateway: Gateway, tell_ready: Callable[[], None] | None = None) -> uvicorn.Server:
    """Create a server around the gateway, without starting it.

    Args:
        gateway: the application.
        tell_ready: called once the server answers; None logs the address instead.
    """
    config = uvicorn.Config(
        gateway,
        http=_http_protocol(gateway.server_config),
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
    return _Server(config, gateway.shutdown, tell_ready)


def run(gateway: Gateway, listener: socket.socket, tell_ready: Callable[[], None] | None = None) -> None:
    """Serve until a stop signal, then return; for `tell_ready` see `create_server`."""
    server = create_server(gateway, tell_ready)
    # uvicorn's own handlers stand only while it serves. A signal before that must not be lost, and the signal that
    # uvicorn raises again after a clean shutdown must not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    if sys.platform == "win32":
        signal.signal(signal.SIGBREAK, server.handle_exit)
    else:
        has_terminal = sys.stderr.isatty()

        def hang_up(number: int, frame: FrameType | None) -> None:
            if has_terminal and not sys.stderr.isatty():
                # The terminal is gone, so the signal has its first meaning.
                server.handle_exit(number, frame)
            else:
                gateway.ask_reload()

        signal.signal(signal.SIGHUP, hang_up)
    copies = [] if sys.platform == "win32" else [listener.dup() for _ in range(ACCEPTS_PER_TURN - 1)]
    server.run(sockets=[listener, *copies])
    log_event("stopped")


def _http_protocol(config: ServerConfig) -> Any:
    """The protocol on httptools; on Windows, which httptools does not support, uvicorn's own on h11."""
    try:
        from gateway.server.http_protocol import GatewayProtocol  # noqa: PLC0415  # it imports httptools
    except ImportError:
        return "auto"
    return partial(GatewayProtocol, connections=Connections(config.connections, config.connections_per_address))
