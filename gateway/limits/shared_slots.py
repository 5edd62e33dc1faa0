"""The slots of all workers of a gateway: how many each worker holds, and how many of its requests wait.

The numbers are in memory that all workers and their parent share; the lock of this memory's file guards them. Each
worker writes its own numbers only, and readers add them up. So a killed worker keeps no slot: its parent sets its
numbers to zero, and the system releases its lock.

Linux, macOS: pipes wake workers. Windows: there are no workers (see `gateway.limits.checks`), so no slots are opened.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from gateway.operating_system.file_locks import lock, unlock
from gateway.operating_system.shared_memory import open_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_ROWS = 5
_WAKE_BYTES = 4096


class SharedSlots:
    """The numbers by worker, and the pipes that wake workers; a `with` block locks them against other processes.

    Args:
        descriptor: of the memory from `open_slots`.

    Attributes:
        held: slots that each worker holds.
        waiting: waiting requests of each worker.
        waiting_since: start of the first of these waits, in nanoseconds; 0 if the worker shall be offered no slot.
        wake_readers: reading end of each worker's pipe.
        wake_writers: writing end of each worker's pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        numbers = memoryview(mmap.mmap(descriptor, 0)).cast("q")
        count = len(numbers) // _ROWS
        self.held, self.waiting, self.waiting_since, self.wake_readers, self.wake_writers = (
            numbers[row * count : (row + 1) * count] for row in range(_ROWS)
        )

    def __enter__(self) -> None:
        lock(self.descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        unlock(self.descriptor)

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that each worker inherits, with the same numbers."""
        return [self.descriptor, *self.wake_readers, *self.wake_writers]

    def wake(self, index: int) -> None:
        """Make a worker look for a free slot."""
        # A full pipe wakes it as well.
        with suppress(BlockingIOError):
            os.write(self.wake_writers[index], b"\0")

    def on_wake(self, index: int, callback: Callable[[], None]) -> None:
        """Call `callback` in the running loop each time this worker is woken."""
        reader = self.wake_readers[index]

        def read() -> None:
            with suppress(BlockingIOError):
                os.read(reader, _WAKE_BYTES)
            callback()

        asyncio.get_running_loop().add_reader(reader, read)

    def release(self, index: int) -> None:
        """Release the slots and waits of a dead worker."""
        with self:
            self.held[index] = self.waiting[index] = self.waiting_since[index] = 0
        # The worker may have died just before it woke another one.
        for other in range(len(self.held)):
            self.wake(other)


def open_slots(workers: int) -> SharedSlots:
    """Create the slots for a number of workers."""
    if sys.platform == "win32":
        raise NotImplementedError("Windows has no workers")
    slots = SharedSlots(open_memory("llm-gateway-slots", workers * _ROWS * 8))
    for index in range(workers):
        slots.wake_readers[index], slots.wake_writers[index] = ends = os.pipe()
        for end in ends:
            os.set_blocking(end, False)
    return slots
