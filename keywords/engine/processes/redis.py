"""Redis process on a free port, which ends with this process."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
from typing import TYPE_CHECKING

import psutil

from keywords.engine.machine import Deadline
from keywords.engine.processes.ports import free_port
from keywords.engine.waiting import poll_until

if TYPE_CHECKING:
    from pathlib import Path

_COMMANDS = ("redis-server", "valkey-server")
_START_S = 5.0


class RedisServerError(Exception):
    """Redis did not start, or does not run."""


def command() -> str | None:
    """The path of the installed server, Redis or Valkey; None if there is neither."""
    return next((path for name in _COMMANDS if (path := shutil.which(name))), None)


class RedisServer:
    """One running server.

    Args:
        folder: where it keeps its data, each command written before it is answered; None keeps them in memory only.

    Attributes:
        url: its address, as `[shared] redis_url` takes it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, for the first time or after `stop`, and wait until it answers.

        Raises:
            RedisServerError: it is not installed, or did not answer in time.
        """
        server = command()
        if server is None:
            raise RedisServerError("No `redis-server` on the path: install it (Debian: apt install redis-server).")
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        options += ["--dir", str(self._folder or tempfile.gettempdir())]
        if self._folder is not None:
            options += ["--appendonly", "yes", "--appendfsync", "always"]
        self._process = subprocess.Popen([server, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603  (our own arguments)
        atexit.register(self.stop)
        answers = False
        try:
            answers = poll_until(self._answers, lambda answers: answers or not self.runs, Deadline(_START_S))
        finally:
            if not answers:  # Ctrl-C included: no process may stay behind
                self.stop()
        if not answers:
            raise RedisServerError(f"{server} did not answer on port {self._port} within {_START_S:g} s.")

    def stop(self) -> None:
        """Kill the server; what it keeps in memory only is lost. Calling it again does nothing."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def runs(self) -> bool:
        """Whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    def suspend(self) -> None:
        """Let the server hang until `resume`; commands wait meanwhile."""
        if self._process is not None:
            psutil.Process(self._process.pid).suspend()

    def resume(self) -> None:
        """Let the server answer again, the waiting commands first."""
        if self._process is not None:
            psutil.Process(self._process.pid).resume()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
