"""How many requests are under way at once, and how many more may wait for that."""

from __future__ import annotations

import asyncio
from collections import deque

from gateway.errors_limits import Overloaded


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
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Go in, perhaps after a wait; each entry ends with one `leave`.

        Raises:
            Overloaded: the queue is full, or the wait was too long.
        """
        if self._free > 0:
            self._free -= 1
            return
        if len(self._waiting) >= self._queue:
            raise Overloaded(f"{self._places} requests are under way and {self._queue} wait")
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._wait_s):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                # The place came in the very moment in which its owner gave up.
                self.leave()
            elif place in self._waiting:
                self._waiting.remove(place)
            if isinstance(error, TimeoutError):
                raise Overloaded(f"none of the requests under way ended within {self._wait_s:g} s") from None
            raise

    def leave(self) -> None:
        """Go out; whoever has waited longest goes in."""
        # Below zero while more are in than may be, since there were more places once.
        while self._waiting and self._free >= 0:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    def follow(self, other: Gate) -> None:
        """Have as many places and as much patience as another one; who is in or waits already stays."""
        self._free += other._places - self._places
        self._places, self._queue, self._wait_s = other._places, other._queue, other._wait_s
        while self._free > 0 and self._waiting:
            self._free -= 1
            self.leave()
