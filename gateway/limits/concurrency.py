"""How many requests are under way at once, and how many more may wait for that."""

from __future__ import annotations

import asyncio
import time

from gateway.errors.limits import Overloaded


class Gate:
    """Lets so many in at once; the others wait in order, but only so many and only for so long.

    Args:
        places: how many may be in.
        queue: how many may wait.
        wait_s: how long each may wait, in seconds.
    """

    def __init__(self, places: int, queue: int, wait_s: float) -> None:
        self._places = places
        self._free = places
        self._queue = queue
        self._wait_s = wait_s
        # In order, with the nanosecond in which each came.
        self._waiting: dict[asyncio.Future[None], int] = {}

    async def enter(self) -> None:
        """Go in, perhaps after a wait; each entry ends with one `leave`.

        Raises:
            Overloaded: the queue is full, or the wait was too long.
        """
        if self._free > 0:
            self._free -= 1
            return
        if len(self._waiting) >= self._queue:
            raise self._full()
        await self._wait(self._line_up())

    def leave(self) -> None:
        """Go out; whoever has waited longest goes in."""
        # Below zero while more are in than may be, since there were more places once.
        if self._free >= 0 and self._admit_next():
            return
        self._free += 1

    def follow(self, other: Gate) -> None:
        """Have as many places and as much patience as another one; who is in or waits already stays."""
        self._free += other._places - self._places
        self._places, self._queue, self._wait_s = other._places, other._queue, other._wait_s
        while self._free > 0 and self._admit_next():
            self._free -= 1

    def _full(self) -> Overloaded:
        return Overloaded(f"{self._places} requests are under way and {self._queue} wait")

    def _line_up(self) -> asyncio.Future[None]:
        place = asyncio.get_running_loop().create_future()
        self._waiting[place] = time.monotonic_ns()
        return place

    async def _wait(self, place: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                # The place came in the very moment in which its owner gave up.
                self.leave()
            else:
                self._give_up(place)
            if isinstance(error, TimeoutError):
                raise Overloaded(f"none of the requests under way ended within {self._wait_s:g} s") from None
            raise

    def _give_up(self, place: asyncio.Future[None]) -> None:
        self._waiting.pop(place, None)

    def _admit_next(self) -> bool:
        """Tell the one who has waited longest that its place is free; whether there is one."""
        while self._waiting:
            place = next(iter(self._waiting))
            del self._waiting[place]
            if not place.done():
                place.set_result(None)
                return True
        return False
