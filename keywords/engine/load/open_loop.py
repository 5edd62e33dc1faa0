"""Open loop: items are sent at the moments of a precomputed list, whether the server keeps up or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.load.ahead import Ahead

if TYPE_CHECKING:
    from keywords.engine.load.conversations import Conversations
    from keywords.engine.load.share import Share
    from keywords.engine.load.tasks import Tasks
    from keywords.engine.load.timer import Timer

_AHEAD = 64


class OpenLoop:
    """The arrivals of one client process.

    Each moment is absolute, so lateness does not add up, and none is left out: a late one is sent late, at once.

    Args:
        share: what the process sends.
        conversations: one for each arrival.
        timer: for the arrivals.
        tasks: that the conversations run in.

    Attributes:
        bounds: begin and end of each stage so far.
    """

    def __init__(self, share: Share, conversations: Conversations, timer: Timer, tasks: Tasks) -> None:
        self.bounds: list[tuple[float, float]] = []
        self._share = share
        self._conversations = conversations
        self._timer = timer
        self._tasks = tasks
        self._items = Ahead(conversations.prepare, iter(share.numbers), _AHEAD)

    def prepare(self) -> None:
        """Make the first items."""
        self._items.fill()

    async def run(self, start: float) -> None:
        """Send all items; return at the end of the last stage, before its requests are drained.

        Args:
            start: of the first stage after the warm-up.
        """
        self._plan_stages(start)
        for at_s, stage in zip(self._share.at_s, self._share.stage_of, strict=True):
            await self._timer.until(start + at_s)
            self._tasks.start(self._conversations.hold(self._items.take(), stage, start + at_s))
        begin, end = self.bounds[-1]
        if end == float("inf"):
            await self._tasks.wait(None)
            end = clock.now()
            self.bounds[-1] = (begin, end)
        await self._timer.until(end)

    def close(self) -> None:
        """Begin no further request."""
        self._conversations.progress.is_over = True

    def _plan_stages(self, start: float) -> None:
        progress, begin = self._conversations.progress, start
        progress.stage = min(self._share.stage_of, default=0)
        for index, stage in enumerate(self._share.stages):
            end = begin + stage.duration_s if stage.duration_s is not None else float("inf")
            self.bounds.append((begin, end))
            progress.ends[index] = end
            self._timer.call_at(begin, partial(setattr, progress, "stage", index))
            begin = end
        progress.ends_at = begin
