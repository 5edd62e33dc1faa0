"""Several worker processes on one listening socket, and the parent that starts, restarts and ends them.

The parent serves no requests. Workers inherit its standard error. Their standard input is a pipe from it, so that they
end when it is killed. On standard output each worker writes one line when it is ready.

Linux, macOS: workers inherit the socket and the shared memory as descriptors, and are told to reload or end by signals.
Windows: sockets cannot be shared so. `gateway.limits.checks` refuses several workers; this module cannot be imported.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import TYPE_CHECKING

from gateway.limits.shared_slots import open_slots
from gateway.logs.events import log_event
from gateway.observability.metric_store import open_metric_memory
from gateway.server.listen import GRACEFUL_S, log_listening
from gateway.server.worker import READY

if TYPE_CHECKING:
    import socket
    from asyncio.subprocess import Process

if sys.platform == "win32":
    raise ImportError("Windows has no workers")

# Time after the drain to cut requests, stop backends and write the accounts.
LEAVE_S = 2 * GRACEFUL_S + 4.0
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 10.0
# After so long a run, the next restart waits `_FIRST_WAIT_S` again.
_STEADY_S = 10.0


def supervise(command: list[str], count: int, listener: socket.socket, drain_s: float) -> int:
    """Run `count` workers until SIGTERM or SIGINT, and restart each one that dies.

    Args:
        command: arguments of Python that start a worker; appended are the descriptors of the listener, of the metric
            store and of the shared slots, and the worker's index.
        count: number of workers.
        listener: socket that all workers accept from; it stays open here until the stop, so that clients wait during a
            restart.
        drain_s: time limit of each worker for its requests under way.

    Returns:
        The exit status: 0, or that of a worker that failed at its first start.
    """
    os.environ.setdefault("GATEWAY_INSTANCE", secrets.token_hex(8))
    listener.set_inheritable(True)
    return asyncio.run(_Supervisor(command, count, listener, drain_s).run())


class _Supervisor:
    def __init__(self, command: list[str], count: int, listener: socket.socket, drain_s: float) -> None:
        self._slots = open_slots(count)
        named = (listener.fileno(), open_metric_memory(count), self._slots.descriptor)
        self._command = [*command, *map(str, named)]
        self._descriptors = {*named, *self._slots.descriptors}
        self._count = count
        self._listener = listener
        self._drain_s = drain_s
        self._running: dict[int, Process] = {}
        self._ready: set[int] = set()
        self._answering: set[int] = set()
        self._stopping = asyncio.Event()
        self._status = 0
        self._reloads = 0

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        keepers = [asyncio.create_task(self._keep(index)) for index in range(self._count)]
        await self._stopping.wait()
        # The workers have it until their requests have ended. A client that came later would wait here for nobody.
        self._listener.close()
        for process in self._running.values():
            _send(process, signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=self._drain_s + LEAVE_S)
        for process in self._running.values():
            _send(process, signal.SIGKILL)
        if late:
            await asyncio.wait(late)
        log_event("stopped")
        return self._status

    def _reload(self) -> None:
        """Make all ready workers read the configuration again; the signal would kill one that is not ready."""
        self._reloads += 1
        for index in self._answering:
            _send(self._running[index], signal.SIGHUP)

    async def _keep(self, index: int) -> None:
        """Run one worker, again and again, until this process stops."""
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            status = await self._run_once(index)
            if self._stopping.is_set():
                return
            if index not in self._ready:
                # What prevents the first start will prevent the next one too.
                log_event("worker_failed", level=logging.ERROR, worker=index, status=status)
                self._status = status if status > 0 else 1
                self._stopping.set()
                return
            steady = asyncio.get_running_loop().time() - began > _STEADY_S
            wait_s = _FIRST_WAIT_S if steady else min(2 * wait_s, _LONGEST_WAIT_S)
            log_event("worker_died", level=logging.ERROR, worker=index, status=status, restart_in_s=wait_s)
            try:
                await asyncio.wait_for(self._stopping.wait(), wait_s)
            except TimeoutError:
                continue

    async def _run_once(self, index: int) -> int:
        reloads = self._reloads
        process = await asyncio.create_subprocess_exec(
            sys.executable, *self._command, str(index), stdin=PIPE, stdout=PIPE, pass_fds=self._descriptors
        )
        self._running[index] = process
        if self._stopping.is_set():
            # The signal came during the start.
            _send(process, signal.SIGTERM)
        assert process.stdout is not None  # noqa: S101  # a pipe, see above
        if await process.stdout.readline() == READY:
            log_event("worker_started", worker=index, pid=process.pid)
            self._answering.add(index)
            if self._reloads > reloads:
                _send(process, signal.SIGHUP)
            if index not in self._ready:
                self._ready.add(index)
                if len(self._ready) == self._count and not self._stopping.is_set():
                    log_listening(self._listener)
        status = await process.wait()
        self._answering.discard(index)
        del self._running[index]
        self._slots.release(index)
        return status


def _send(process: Process, number: signal.Signals) -> None:
    """Send a signal; a process that has just died must not keep the others from theirs."""
    with suppress(ProcessLookupError):
        process.send_signal(number)
