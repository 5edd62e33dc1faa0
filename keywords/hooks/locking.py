"""Lock of the output folder by a run of Robot, which has opened its output file before any listener acts."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from keywords.engine.machine import Deadline
from keywords.engine.waiting import poll_until
from keywords.hooks.robot_settings import output_descriptor
from keywords.run.output_lock import FolderInUseError, lock_folder, set_aside_name

if TYPE_CHECKING:
    from pathlib import Path

_SET_ASIDE_WITHIN_S = 0.5


def lock_output(folder: Path, output: Path) -> None:
    """Lock the output folder until this process ends.

    Runs that begin at the same moment open one and the same file. A run that is refused leaves it to the other one.

    Args:
        folder: the output folder.
        output: the output file that Robot is writing.

    Raises:
        FolderInUseError: another run writes into the folder.
        OSError: the lock cannot be written.
    """
    try:
        lock_folder(folder)
    except FolderInUseError:
        _leave(set_aside_name(output))
        raise


def _leave(theirs: Path) -> None:
    """Write nowhere from now on if the other run has set aside the very file that Robot writes here."""
    poll_until(theirs.exists, bool, Deadline(_SET_ASIDE_WITHIN_S))
    descriptor = output_descriptor()
    with suppress(OSError):
        if descriptor is not None and os.path.samestat(os.fstat(descriptor), theirs.stat()):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
