"""What the workers of a gateway know of each other's requests: how many are in, and how many wait.

It stands in memory that all of them and their parent share, under the lock of the file that this memory is. A worker
writes numbers of its own only, and they are added up: so one that is killed keeps no place, for its parent sets its
numbers back, and the system lets go of its lock.
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from gateway.shared_memory import open_memory

if sys.platform != "win32":
    # Windows has no workers (see gateway.limits.checks).
    import fcntl

if TYPE_CHECKING:
    from types import TracebackType

_ROWS = 5


class Room:
    """The numbers, and the pipes that wake workers; a `with` block keeps the other processes away from them.

    Args:
        descriptor: of the memory from `open_room`.

    Attributes:
        held: how many requests of each worker are in, by the worker's index.
        waiting: how many wait.
        asks: since when the first of those waits, in nanoseconds; 0 if the worker does not ask for a place.
        ears: what each worker can read from when it is woken.
        mouths: where to write a byte to wake it.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        cells = memoryview(mmap.mmap(descriptor, 0)).cast("q")
        count = len(cells) // _ROWS
        self.held, self.waiting, self.asks, self.ears, self.mouths = (
            cells[row * count : (row + 1) * count] for row in range(_ROWS)
        )

    def __enter__(self) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_EX)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    @property
    def descriptors(self) -> list[int]:
        """What a worker must be handed on, under the same numbers."""
        return [self.descriptor, *self.ears, *self.mouths]

    def wake(self, index: int) -> None:
        """Have a worker look whether one of its requests may go in."""
        # A full pipe wakes it as well.
        with suppress(BlockingIOError):
            os.write(self.mouths[index], b"\0")

    def vacate(self, index: int) -> None:
        """Have a worker that is dead hold and want nothing."""
        with self:
            self.held[index] = self.waiting[index] = self.asks[index] = 0
        # Nobody knows whom it was about to wake.
        for other in range(len(self.held)):
            self.wake(other)


def open_room(workers: int) -> Room:
    """Make one for so many workers."""
    room = Room(open_memory("llm-gateway-room", workers * _ROWS * 8))
    for index in range(workers):
        room.ears[index], room.mouths[index] = ends = os.pipe()
        for end in ends:
            os.set_blocking(end, False)
    return room
