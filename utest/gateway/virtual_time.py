"""An event loop in which waiting takes no time, so that a test of times is exact on any machine."""

import asyncio
import heapq


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its clock stands while tasks run, and jumps to the next timer when none can."""

    def __init__(self):
        super().__init__()
        self._now = 0.0

    def time(self):
        return self._now

    def _run_once(self):
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)._scheduled = False
            self._timer_cancelled_count -= 1
        if self._scheduled and not self._ready:
            self._now = max(self._now, self._scheduled[0].when())
        super()._run_once()


def run(main):
    """Run a coroutine in virtual time; return its result."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
