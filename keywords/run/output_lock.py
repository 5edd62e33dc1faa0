"""Lock of an output folder: two runs in one folder would destroy each other's results."""

from __future__ import annotations

import atexit
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCK = ".run.lock"
"""File in the output folder, with the process that runs there."""
_WRITTEN_WITHIN_S = 1.0
_POLL_S = 0.05
_SAME_START_S = 1.0
"""Two readings of one process's start differ by less; a process id is not used again so soon."""


class FolderInUseError(Exception):
    """Another run writes into the folder."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock.

    Attributes:
        pid: its process id.
        started: seconds since the epoch.
    """

    pid: int
    started: float


def lock_folder(folder: Path) -> None:
    """Lock an output folder until this process ends; the lock of a process that has ended is taken over.

    Args:
        folder: the folder; it is created.

    Raises:
        FolderInUseError: another run writes into the folder; the message names its process id.
        OSError: the lock cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / LOCK
    own = Holder(os.getpid(), psutil.Process().create_time())
    while not _create(lock, own):
        holder = _read(lock)
        if holder is not None and _is_alive(holder) and holder.pid != os.getpid():
            raise FolderInUseError(
                f"another run, process {holder.pid}, writes into {folder}: wait for its end, or choose another folder "
                f"by --outputdir"
            )
        if holder is not None and _read(lock) == holder:
            lock.unlink(missing_ok=True)
    atexit.register(unlock_folder, folder)


def refuse_if_in_use(folder: Path) -> None:
    """Refuse to work on the results of a run that goes on.

    Raises:
        FolderInUseError: a process writes into the folder; the message names its process id.
    """
    if (pid := process_in(folder)) is not None:
        raise FolderInUseError(f"process {pid} still writes into {folder}: wait for its end")


def unlock_folder(folder: Path) -> None:
    """Release the lock if this process holds it."""
    holder = _read(folder / LOCK, wait_s=0)
    if holder is not None and holder.pid == os.getpid():
        (folder / LOCK).unlink(missing_ok=True)


def process_in(folder: Path) -> int | None:
    """The id of a process that lives and holds the lock of a folder; None if there is none."""
    holder = _read(folder / LOCK, wait_s=0)
    return holder.pid if holder is not None and _is_alive(holder) else None


def set_aside_name(output: Path) -> Path:
    """The name of an output file while a run writes it."""
    return output.with_name(f"{output.name}.part")


def set_aside(output: Path) -> Callable[[], None]:
    """Rename the file that Robot is writing, so that another run which opens the same name does not empty it.

    Robot opens its output before any listener can refuse the run. Windows renames no open file; there it stays.

    Args:
        output: the output file, open for writing.

    Returns:
        A function that gives the file its name back, once; the end of this process does so too.
    """
    part = set_aside_name(output)
    part.unlink(missing_ok=True)  # of a run that was killed
    with suppress(OSError):
        output.replace(part)

    def give_back() -> None:
        atexit.unregister(give_back)
        if part.exists():
            part.replace(output)

    atexit.register(give_back)
    return give_back


def _create(lock: Path, own: Holder) -> bool:
    try:
        with lock.open("x", encoding="utf-8") as stream:
            stream.write(json.dumps({"pid": own.pid, "started": own.started}))
    except FileExistsError:
        return False
    return True


def _read(lock: Path, wait_s: float = _WRITTEN_WITHIN_S) -> Holder | None:
    """The holder of a lock; None if there is no lock any more.

    A lock that stays without contents was left by a process that was killed while it wrote: nobody holds it.
    """
    for _ in range(int(wait_s / _POLL_S) + 1):
        try:
            fields: dict[str, Any] = json.loads(lock.read_text(encoding="utf-8"))
            return Holder(int(fields["pid"]), float(fields["started"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, PermissionError):  # Windows refuses to read what is being removed
            sleep(_POLL_S)
    return Holder(-1, 0.0)


def _is_alive(holder: Holder) -> bool:
    try:
        process = psutil.Process(holder.pid)
        same = abs(process.create_time() - holder.started) < _SAME_START_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:  # it lives, and another user owns it
        return True
