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
# Of all connections of a process together; reading so much takes some 5 % of a core.
BYTES_PER_S = 100_000_000
# Shorter pauses cost more than the bytes.
_SHORTEST_PAUSE_S = 0.005
# Four times the default of limits.body_bytes.
LINGER_BYTES = 64 * 1024 * 1024
# With a longer rest, and with one of unknown length, it is cheaper for both sides to connect again.
KEPT_BYTES = 1024 * 1024


class ReadBudget:
    """How fast all connections of a process together may send what is no longer wanted: a token bucket.

    Its burst is one connection's whole rest, so that one ordinary client never waits. Many connections slow each other
    down, and not those whose requests are answered.
    """

    def __init__(self) -> None:
        self._left = float(LINGER_BYTES)
        self._at = 0.0

    def pause_s(self, size: int, now: float) -> float:
        """Take `size` bytes at the time `now`, in seconds; return how long their connection has to pause."""
        self._left = min(self._left + (now - self._at) * BYTES_PER_S, LINGER_BYTES) - size
        self._at = now
        pause_s = -self._left / BYTES_PER_S
        return pause_s if pause_s >= _SHORTEST_PAUSE_S else 0.0


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
        self._is_paused = False
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

    def pause(self) -> None:
        """Note that nothing is read from now on; what the client does not send is then no silence."""
        self._is_paused = True

    def read_on(self) -> None:
        """Note that the pause is over."""
        self._is_paused, self._is_idle = False, False

    def stop(self) -> None:
        """Stop the clock: the rest has come, or the connection is gone."""
        self._timer.cancel()

    def _look(self) -> None:
        left_s = self._deadline - self._loop.time()
        if left_s <= 0 or (self._is_idle and not self._is_paused):
            self._end()
            return
        self._is_idle = True
        self._timer = self._loop.call_later(min(IDLE_S, left_s), self._look)
