"""Limits how many requests are under way at once, with a bounded queue."""

from __future__ import annotations

import asyncio
import time

from gateway.errors.limits import Overloaded


class ConcurrencyLimiter:
    """Semaphore with a bounded FIFO queue and a maximum wait.

    Args:
        slots: how many requests may be under way at once.
        queue: how many more may wait.
        wait_s: how long each of those may wait, in seconds.
    """

    def __init__(self, slots: int, queue: int, wait_s: float) -> None:
        self._slots = slots
        self._free = slots
        self._queue = queue
        self._wait_s = wait_s
        # The queue in order, with the monotonic time in ns at which each wait began.
        self._waiting: dict[asyncio.Future[None], int] = {}

    async def acquire(self) -> None:
        """Take a slot, perhaps after a wait; each call that succeeds needs one `release`.

        Raises:
            Overloaded: the queue is full, or the wait was too long.
        """
        if self._free > 0:
            self._free -= 1
            return
        if len(self._waiting) >= self._queue:
            raise self._full()
        await self._wait(self._enqueue())

    def release(self) -> None:
        """Give a slot to the request that has waited longest, or free it."""
        # Below zero while more requests are under way than there are slots, after `adopt` of fewer.
        if self._free >= 0 and self._admit_next():
            return
        self._free += 1

    def adopt(self, other: ConcurrencyLimiter) -> None:
        """Adopt the slots, queue and wait of another limiter; requests under way or waiting stay."""
        self._free += other._slots - self._slots
        self._slots, self._queue, self._wait_s = other._slots, other._queue, other._wait_s
        while self._free > 0 and self._admit_next():
            self._free -= 1

    def _full(self) -> Overloaded:
        return Overloaded(f"{self._slots} requests are under way and {self._queue} wait")

    def _enqueue(self) -> asyncio.Future[None]:
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = time.monotonic_ns()
        return turn

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The slot came at the moment of the timeout or cancellation.
                self.release()
            else:
                self._dequeue(turn)
            if isinstance(error, TimeoutError):
                raise Overloaded(f"none of the requests under way ended within {self._wait_s:g} s") from None
            raise

    def _dequeue(self, turn: asyncio.Future[None]) -> None:
        self._waiting.pop(turn, None)

    def _admit_next(self) -> bool:
        """Wake the request that has waited longest; False if none waits."""
        while self._waiting:
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            if not turn.done():
                turn.set_result(None)
                return True
        return False
