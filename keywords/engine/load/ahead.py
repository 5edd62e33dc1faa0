"""Items that are prepared before they are due, so that making a prompt delays no request."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keywords.engine.load.conversations import Opening


class Ahead:
    """A few items in the order of their numbers.

    Args:
        prepare: makes one.
        numbers: of the items.
        size: how many are prepared.
    """

    def __init__(self, prepare: Callable[[int], Opening], numbers: Iterator[int], size: int) -> None:
        self._prepare = prepare
        self._numbers = numbers
        self._size = size
        self._ready: deque[Opening] = deque()
        self._failure: Exception | None = None
        self._is_refilling = False
        self._loop = asyncio.get_running_loop()

    def fill(self) -> None:
        """Prepare as many as there shall be."""
        while len(self._ready) < self._size and self._add():
            pass

    def take(self) -> Opening:
        """The next one; what is missing then is prepared when the loop has time.

        Raises:
            Exception: it could not be made.
        """
        if not self._ready:
            if self._failure is not None:
                raise self._failure
            self._add()
        if not self._is_refilling:
            self._is_refilling = True
            self._loop.call_soon(self._refill)
        return self._ready.popleft()

    def _refill(self) -> None:
        self._is_refilling = False
        if self._failure is None:
            try:
                self.fill()
            except Exception as error:  # noqa: BLE001  # whoever takes the item gets it
                self._failure = error

    def _add(self) -> bool:
        number = next(self._numbers, None)
        if number is None:
            return False
        self._ready.append(self._prepare(number))
        return True
