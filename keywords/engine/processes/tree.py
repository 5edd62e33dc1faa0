"""A process with all it started: who is alive, and how all of it ends.

Run as `python process_tree.py PID`, this file is a guard: it waits until its standard input closes and then ends that
process tree. Whoever started the guard holds the other end of the pipe, so the tree ends even when its owner was killed
with SIGKILL and could run nothing more. Only this file and psutil are needed for that; so it reads the clock of
`keywords.engine.clock` itself.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Collection

RELEASE = b"released"
"""What the owner writes to the guard before it closes the pipe when the guard shall leave the tree alone."""
CHILDREN_GRACE_S = 2.0
"""How long children may need to notice that their parent is gone, in seconds."""
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process tree ended.

    Attributes:
        took_s: seconds from the request to end until the root process was gone.
        forced: the root process did not end in time and was killed.
        leftover: command lines of children that outlived the root process and had to be killed.
    """

    took_s: float
    forced: bool
    leftover: tuple[str, ...]


def alive(process: psutil.Process) -> bool:
    """Whether the process still runs; one that is dead and waits for its parent to collect it does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def descendants(root: psutil.Process) -> set[psutil.Process]:
    """All living processes that the root process started, directly or not.

    Where the root leads a session of its own (POSIX), those whose parent has already died are found too.
    """
    found: set[psutil.Process] = set()
    if root.is_running():
        try:
            found.update(root.children(recursive=True))
        except psutil.NoSuchProcess:
            return found
    elif psutil.pid_exists(root.pid):  # the number belongs to a stranger by now, and so may the session
        return found
    if sys.platform != "win32":
        for process in psutil.process_iter():
            try:
                if process.pid != root.pid and os.getsid(process.pid) == root.pid:
                    found.add(process)
            except OSError:  # ended since it was listed, or not ours to ask about
                continue
    return {process for process in found if alive(process)}


def end(root: psutil.Process, known: Collection[psutil.Process] = (), *, grace_s: float = 5.0) -> Ended:
    """Ask the root process to end, kill what does not, and tell what outlived it.

    Args:
        root: the process to end; it may be dead already.
        known: children seen earlier; a dead parent no longer tells who its children were.
        grace_s: seconds that the root process has for a clean end.
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
    """Wait until none of them lives; those that still do after the time limit come back."""
    deadline = time.perf_counter() + timeout_s
    left = {process for process in processes if alive(process)}
    while left and time.perf_counter() < deadline:
        time.sleep(_POLL_S)
        left = {process for process in left if alive(process)}
    return left


def _guard(pid: int) -> None:
    root = psutil.Process(pid)
    # Read to the end: the pipe closes when the owner says so or when the owner is gone.
    if sys.stdin.buffer.read() != RELEASE:
        end(root)


if __name__ == "__main__":
    _guard(int(sys.argv[1]))
