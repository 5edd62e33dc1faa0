"""uvicorn, set up for streams: it says where it listens, and a stop signal lets what is under way come to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn

from gateway.logs.events import log_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gateway.server.service import Gateway
    from gateway.state import Shutdown

# After the drain: for error events to go out, and for connections to close.
GRACEFUL_S = 2
# Longer than the pools of common clients keep a connection, so that none is closed under a request.
KEEP_ALIVE_S = 75
BACKLOG = 2048
# uvloop accepts one connection in each turn of its loop, and a turn under full load takes many milliseconds: of 256 new
# clients, the last would wait for seconds. It takes one from each copy of the socket.
ACCEPTS_PER_TURN = 32
# Most of what a request leaves behind is freed at once, so the search for what is not can wait for more of it.
_GC_THRESHOLDS = (20_000, 50, 50)


_SHUTDOWN_LOOK_S = 0.1


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, shutdown: Shutdown, tell_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._shutdown = shutdown
        self._tell_ready = tell_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so once it answers."""
        await super().startup(sockets)
        # Modules and schemas live as long as the process; walking through them again and again would hold up requests
        # for tens of milliseconds, several times a second.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        if self.started and self._tell_ready:
            self._tell_ready()
        elif self.started and sockets:
            log_listening(sockets[0])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the way out; a second SIGINT cuts it short."""
        self._shutdown.started = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests under way end, while new ones are refused; then close the listener and all connections."""
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
        """Whether a client still has to read the rest of its answer."""
        return any(connection.transport.get_write_buffer_size() for connection in self.server_state.connections)


def log_listening(listener: socket.socket) -> None:
    """Write the line with the address."""
    host, port = listener.getsockname()[:2]
    log_event("listening", url=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def log_open(listener: socket.socket) -> None:
    """Warn that no key is asked for, and who may come therefore."""
    here = ip_address(listener.getsockname()[0]).is_loopback
    who, fix = "everyone on this machine", "set GATEWAY_API_KEYS, or keys.file in gateway.toml"
    if not here:
        who, fix = "everyone whom the network lets reach this machine", f"{fix}, or listen on 127.0.0.1"
    reason = f"there are no keys, so {who} may use every model, at your cost"
    log_event("open_to_everyone", level=logging.WARNING, reachable_from_network=not here, reason=reason, fix=fix)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: the address is taken, or is none of this machine's.
    """
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def create_server(gateway: Gateway, tell_ready: Callable[[], None] | None = None) -> uvicorn.Server:
    """A server around the gateway, not started.

    Args:
        gateway: the application.
        tell_ready: called once it answers; None writes the line with the address.
    """
    config = uvicorn.Config(
        gateway,
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
    return _Server(config, gateway.shutdown, tell_ready)


def run(gateway: Gateway, listener: socket.socket, tell_ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then return; SIGHUP reloads. `tell_ready` as for `create_server`."""
    server = create_server(gateway, tell_ready)
    # uvicorn's own handlers stand only while it serves: a signal before that must not be lost, and the one that it
    # raises again after its clean end must not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    if sys.platform != "win32":
        has_terminal = sys.stderr.isatty()

        def hang_up(number: int, frame: FrameType | None) -> None:
            if has_terminal and not sys.stderr.isatty():
                # It was meant literally: the terminal is gone.
                server.handle_exit(number, frame)
            else:
                gateway.ask_reload()

        signal.signal(signal.SIGHUP, hang_up)
    copies = [] if sys.platform == "win32" else [listener.dup() for _ in range(ACCEPTS_PER_TURN - 1)]
    server.run(sockets=[listener, *copies])
    log_event("stopped")


def _http_protocol() -> Any:
    """The protocol on httptools, which Windows does not have: there it is uvicorn's own on h11."""
    try:
        from gateway.server.http_protocol import GatewayProtocol  # noqa: PLC0415  # it imports httptools
    except ImportError:
        return "auto"
    return GatewayProtocol
