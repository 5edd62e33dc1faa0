"""Reading on after an answer that came before the whole request, as nginx does (`lingering_close`).

A connection that is closed while its client still writes is reset, and the client loses what it has not yet read: the
reason of its refusal (RFC 9112 §9.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

# In all, and without a byte; nginx has 30 and 5.
LINGER_S = 30.0
IDLE_S = 5.0
# Between two reads, of 256 kB each: at most 25 MB/s of each connection.
REST_S = 0.01
# Four times the default of limits.body_bytes.
LINGER_BYTES = 64 * 1024 * 1024
# With a longer rest, and with one of unknown length, it is cheaper for both sides to connect again.
KEPT_BYTES = 1024 * 1024


class Lingering:
    """The time and size that a client has for the rest of its request.

    Args:
        loop: of the connection.
        end: called once when either is used up.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, end: Callable[[], object]) -> None:
        self._loop = loop
        self._end = end
        self._left = LINGER_BYTES
        self._deadline = loop.time() + LINGER_S
        self._is_idle = True
        self._timer = loop.call_later(min(IDLE_S, LINGER_S), self._look)

    def note(self, size: int) -> bool:
        """Note that `size` bytes came; return whether more may come."""
        self._is_idle = False
        self._left -= size
        if self._left < 0:
            self.stop()
            self._end()
            return False
        return True

    def stop(self) -> None:
        """Stop the clock: the rest has come, or the connection is gone."""
        self._timer.cancel()

    def _look(self) -> None:
        left_s = self._deadline - self._loop.time()
        if self._is_idle or left_s <= 0:
            self._end()
            return
        self._is_idle = True
        self._timer = self._loop.call_later(min(IDLE_S, left_s), self._look)
