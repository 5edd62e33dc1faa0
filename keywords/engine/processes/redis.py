"""A Redis of our own, from Debian's package `redis-server`: on a free port, in memory only, ended by its process."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
import time

import psutil

from keywords.engine import clock

_COMMANDS = ("redis-server", "valkey-server")
_START_S = 5.0
_POLL_S = 0.02


class RedisServerError(Exception):
    """The Redis did not start."""


def command() -> str | None:
    """The installed server, Redis or Valkey; None if there is neither."""
    return next((found for name in _COMMANDS if (found := shutil.which(name))), None)


class RedisServer:
    """One running server.

    Attributes:
        url: its address, as `[shared] redis_url` takes it.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = int(free.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, also again after `stop`; it answers when this returns.

        Raises:
            RedisServerError: it is not installed, or did not answer in time.
        """
        found = command()
        if found is None:
            raise RedisServerError("No `redis-server` on the path: install it (Debian: apt install redis-server).")
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", tempfile.gettempdir()]
        self._process = subprocess.Popen([found, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603  (our own arguments)
        atexit.register(self.stop)
        deadline = clock.now() + _START_S
        answers = False
        try:
            while not (answers := self._answers()) and clock.now() < deadline and self._process.poll() is None:
                time.sleep(_POLL_S)
        finally:
            if not answers:  # Ctrl-C included: nothing may stay behind
                self.stop()
        if not answers:
            raise RedisServerError(f"{found} did not answer on port {self._port} within {_START_S:g} s.")

    def stop(self) -> None:
        """End it at once; everything in it is lost. Calling it again does nothing."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def suspend(self) -> None:
        """Have it answer nothing until `resume`; what is sent to it meanwhile waits."""
        if self._process is not None:
            psutil.Process(self._process.pid).suspend()

    def resume(self) -> None:
        """Have it answer again, first what waits."""
        if self._process is not None:
            psutil.Process(self._process.pid).resume()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
