"""The slots of all workers of a gateway: how many each holds, and how many of its requests wait.

The numbers stand in memory that all workers and their parent share, under the lock of the file that this memory is.
Each worker writes its own numbers only, and readers add them up. So a killed worker keeps no slot: its parent sets its
numbers to zero, and the system releases its lock.
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


class SharedSlots:
    """The numbers, and the pipes that wake workers; a `with` block locks them against the other processes.

    Args:
        descriptor: of the memory from `open_slots`.

    Attributes:
        held: slots that each worker holds, by its index.
        waiting: requests of each worker that wait.
        waiting_since: since when the first of those waits, in nanoseconds; 0 if none is to be offered a slot.
        wake_readers: descriptor that each worker reads when it is woken.
        wake_writers: descriptor to write a byte to, to wake it.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        numbers = memoryview(mmap.mmap(descriptor, 0)).cast("q")
        count = len(numbers) // _ROWS
        self.held, self.waiting, self.waiting_since, self.wake_readers, self.wake_writers = (
            numbers[row * count : (row + 1) * count] for row in range(_ROWS)
        )

    def __enter__(self) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_EX)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that a worker inherits, under the same numbers."""
        return [self.descriptor, *self.wake_readers, *self.wake_writers]

    def wake(self, index: int) -> None:
        """Have a worker look for a free slot."""
        # A full pipe wakes it as well.
        with suppress(BlockingIOError):
            os.write(self.wake_writers[index], b"\0")

    def release(self, index: int) -> None:
        """Release the slots and waits of a dead worker."""
        with self:
            self.held[index] = self.waiting[index] = self.waiting_since[index] = 0
        # It may have been about to wake another one.
        for other in range(len(self.held)):
            self.wake(other)


def open_slots(workers: int) -> SharedSlots:
    """Make the shared slots for so many workers."""
    slots = SharedSlots(open_memory("llm-gateway-slots", workers * _ROWS * 8))
    for index in range(workers):
        slots.wake_readers[index], slots.wake_writers[index] = ends = os.pipe()
        for end in ends:
            os.set_blocking(end, False)
    return slots
