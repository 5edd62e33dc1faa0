"""Process trees: a process with all processes that it started, which of them live, and how to end them.

Run as `python tree.py`, this file is a guard: it reads the lines `watch PID` and `release PID` until its standard input
closes, then ends the trees of all processes that it still watches. Their owner holds the other end of the pipe, see
`keywords.engine.processes.guard`, so the trees end even if the owner is killed. The guard needs only this file and
psutil; therefore the file reads the clock of `keywords.engine.clock` itself.

Linux, macOS: the root leads a session, by which orphans are found too; ending begins with SIGTERM. Windows: there are
no sessions, and the root is killed at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Collection

NEW_GROUP: Final[int] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""Creation flag that keeps Ctrl-C from a new process on Windows, as `start_new_session` does elsewhere."""
CHILDREN_GRACE_S = 2.0
"""Time for children to notice that their parent has ended, in seconds."""
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process tree ended.

    Attributes:
        took_s: seconds from the request to end until the root process was gone.
        forced: whether the root process did not end in time and was killed.
        leftover: command lines of children that outlived the root process and were killed.
        crashed: exit status of a root process that had ended by itself, although it was to run; None for any other.
    """

    took_s: float
    forced: bool
    leftover: tuple[str, ...]
    crashed: int | None = None


def alive(process: psutil.Process) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def descendants(root: psutil.Process) -> set[psutil.Process]:
    """Find all living processes that the root process started, directly or indirectly."""
    found: set[psutil.Process] = set()
    if root.is_running():
        try:
            found.update(root.children(recursive=True))
        except psutil.NoSuchProcess:
            return found
    elif psutil.pid_exists(root.pid):
        # Another process has the id by now, and perhaps the session.
        return found
    if sys.platform != "win32":
        for process in psutil.process_iter():
            try:
                if process.pid != root.pid and os.getsid(process.pid) == root.pid:
                    found.add(process)
            except OSError:
                # The process has ended since, or belongs to another user.
                continue
    return {process for process in found if alive(process)}


def end(root: psutil.Process, known: Collection[psutil.Process] = (), *, grace_s: float = 5.0) -> Ended:
    """Terminate the root process, then kill all processes of its tree that do not end in time.

    Args:
        root: the process to end; it may be dead already.
        known: children seen earlier, which cannot be found once their parent is dead.
        grace_s: time for the root process to end, in seconds.
    """
    started = time.perf_counter()
    family = {*known, *descendants(root)}
    if alive(root):
        _attempt(root, kill=False)
    forced = bool(wait_gone({root}, grace_s))
    took_s = time.perf_counter() - started
    if forced:
        _attempt(root, kill=True)
        wait_gone({root}, grace_s)
    outlived = wait_gone(family | descendants(root), CHILDREN_GRACE_S)
    leftover = tuple(sorted(_command_line(process) for process in outlived))
    for process in outlived:
        _attempt(process, kill=True)
    wait_gone(outlived, CHILDREN_GRACE_S)
    return Ended(took_s, forced, leftover)


def _attempt(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return


def _command_line(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {' '.join(process.cmdline())}"
    except psutil.Error:
        return f"{process.pid}: (command line unknown)"


def wait_gone(processes: Collection[psutil.Process], timeout_s: float) -> set[psutil.Process]:
    """Wait until none of the processes lives; return those that still live after the time limit."""
    # `psutil.wait_procs` would take the exit status of this process's own children, which `subprocess` still needs.
    deadline = time.perf_counter() + timeout_s
    left = {process for process in processes if alive(process)}
    while left and time.perf_counter() < deadline:
        time.sleep(_POLL_S)
        left = {process for process in left if alive(process)}
    return left


def _guard() -> None:
    watched: dict[str, psutil.Process] = {}
    # Until the owner closes the pipe or dies.
    for line in sys.stdin:
        order, pid = line.split()
        if order == "release":
            watched.pop(pid, None)
            continue
        with suppress(psutil.NoSuchProcess):  # it has ended
            watched[pid] = psutil.Process(int(pid))
    threads = [threading.Thread(target=end, args=(root,)) for root in watched.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    _guard()
