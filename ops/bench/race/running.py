"""A contender's process tree: pinned to its core, measured, paused and stopped."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import psutil

from keywords.engine import clock
from keywords.engine.http import probe
from keywords.engine.machine import Deadline
from keywords.engine.processes import tree
from keywords.engine.processes.guard import GUARD
from keywords.engine.processes.ports import free_port
from keywords.engine.waiting import poll_until
from ops.bench.race.cores import on_contender_core

if TYPE_CHECKING:
    from pathlib import Path

    from ops.bench.race.contenders import Contender

START_S = 90.0
_POLL_S = 0.01
# An overloaded contender finishes its backlog before it is paused: until it uses less CPU than this share, looked at
# this often, for at most this long.
_IDLE_SHARE, _IDLE_POLL_S, _IDLE_S = 0.1, 0.2, 20.0


class NotStartedError(Exception):
    """A contender did not get ready; the message ends with its last output."""


class Running:
    """One running contender.

    Args:
        contender: what to start.
        log: file for its output.

    Attributes:
        url: its address, without a path.
        start_s: seconds from its start to the first 200 on its readiness path.

    Raises:
        NotStartedError: it ended, or was not ready within `START_S`.
    """

    def __init__(self, contender: Contender, log: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [word.replace("{port}", str(port)) for word in contender.command]
        began = clock.now()
        with log.open("wb") as sink:
            # A new session: Ctrl-C reaches only the race, which stops its contenders itself.
            self._popen = subprocess.Popen(  # noqa: S603  # a fixed command
                on_contender_core(command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **contender.environment},
                start_new_session=True,
            )
        GUARD.watch(self._popen.pid)
        self._process = psutil.Process(self._popen.pid)
        try:
            self._await_ready(self.url + contender.ready_path, log)
        except BaseException:
            self.stop()
            raise
        self.start_s = clock.now() - began

    def cpu_s(self) -> float:
        """User and system CPU seconds of the process tree so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def rss_mb(self) -> float:
        """Resident memory of the process tree, in 10^6 bytes."""
        return sum(process.memory_info().rss for process in self._processes()) / 1e6

    def pause(self) -> None:
        """Wait until the contender is idle, then suspend its processes, so that it does not disturb the others."""
        deadline = clock.now() + _IDLE_S
        used = self.cpu_s()
        while clock.now() < deadline:
            time.sleep(_IDLE_POLL_S)
            before, used = used, self.cpu_s()
            if used - before < _IDLE_SHARE * _IDLE_POLL_S:
                break
        for process in self._processes():
            process.suspend()

    def resume(self) -> None:
        """Resume its processes."""
        for process in self._processes():
            process.resume()

    def stop(self) -> None:
        """End the process tree."""
        if psutil.pid_exists(self._popen.pid) and self._popen.poll() is None:
            self.resume()
            tree.end(self._process)
        self._popen.wait()
        GUARD.release(self._popen.pid)

    def _processes(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    def _await_ready(self, url: str, log: Path) -> None:
        status = poll_until(
            lambda: probe.fetch(url)[0],
            lambda status: status == probe.OK or self._popen.poll() is not None,
            Deadline(START_S),
            every_s=_POLL_S,
        )
        if status != probe.OK:
            last = " ".join(log.read_text("utf-8", "replace").split())[-300:]
            raise NotStartedError(f"not ready within {START_S:g} s; its last words: {last}")
