"""Closed loop: users that each send an item, read the answer, and send the next."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.load.ahead import Ahead
from keywords.engine.load.plan import Stage
from keywords.engine.load.share import WARMUP, WARMUP_ITEM

if TYPE_CHECKING:
    from keywords.engine.load.conversations import Conversations
    from keywords.engine.load.share import Share
    from keywords.engine.load.tasks import Tasks
    from keywords.engine.load.timer import Timer

_RECONNECT_PAUSE_S = 0.1
"""Pause of a user who got no connection; without it, refused connections would keep the client busy."""
_MOST_AHEAD = 64


class ClosedLoop:
    """The users of one client process.

    At the begin of a stage, users are added, or leave once their answers are complete: a request that was under way
    keeps its stage, and its user goes on in the next one. A stage that items end waits for their answers.

    Args:
        share: what the process sends.
        conversations: that the users hold.
        timer: for the ends of the stages.
        tasks: that the users run in.

    Attributes:
        bounds: begin and end of each stage so far, that of the warm-up left out.
    """

    def __init__(self, share: Share, conversations: Conversations, timer: Timer, tasks: Tasks) -> None:
        self.bounds: list[tuple[float, float]] = []
        self._share = share
        self._conversations = conversations
        self._progress = conversations.progress
        self._timer = timer
        self._tasks = tasks
        self._level = 0
        self._running: set[int] = set()
        self._begin = 0.0
        self._left: int | None = None
        self._busy = 0
        self._begun = asyncio.Event()
        self._all_answered = asyncio.Event()
        self._items = self._ahead(0)
        self._warmup_items = self._ahead(WARMUP_ITEM)

    def prepare(self) -> None:
        """Make the first items."""
        self._items.fill()
        if self._share.warmup_s:
            self._warmup_items.fill()

    async def run(self, start: float) -> None:
        """Run all stages; return at the end of the last one, before its requests are drained.

        Args:
            start: of the first stage after the warm-up.
        """
        stages, progress = self._share.stages, self._progress
        if self._share.warmup_s:
            items, self._items = self._items, self._warmup_items
            await self._run_stage(WARMUP, Stage(self._share.warmup_s, stages[0].users), start - self._share.warmup_s)
            self._items = items
        begin = start
        for index, stage in enumerate(stages):
            durations = [each.duration_s for each in stages[index:]]
            progress.ends_at = begin + sum(each for each in durations if each is not None)
            if None in durations:
                progress.ends_at = float("inf")
            begin = await self._run_stage(index, stage, begin)

    def close(self) -> None:
        """Begin no further request."""
        self._progress.is_over = True
        self._begun.set()

    async def _run_stage(self, index: int, stage: Stage, begin: float) -> float:
        await self._timer.until(begin)
        self._progress.stage, self._begin, self._left = index, begin, stage.items
        self._all_answered.clear()
        self._set_level(stage.users or 0)
        self._begun.set()
        self._begun = asyncio.Event()
        end = begin + stage.duration_s if stage.duration_s is not None else float("inf")
        self._progress.ends[index] = end
        if index != WARMUP:
            self.bounds.append((begin, end))
        if stage.items is None:
            await self._timer.until(end)
        else:
            if stage.duration_s is not None:
                self._timer.call_at(end, self._all_answered.set)
            if stage.items and stage.users:
                await self._all_answered.wait()
            end = min(end, clock.now())
        if index != WARMUP:
            self.bounds[-1] = (begin, end)
        return end

    def _set_level(self, level: int) -> None:
        self._level = level
        for position in range(level):
            if position not in self._running:
                self._running.add(position)
                self._tasks.start(self._use(position))

    async def _use(self, position: int) -> None:
        try:
            await self._send_items(position)
        finally:
            self._running.discard(position)

    async def _send_items(self, position: int) -> None:
        progress, conversations = self._progress, self._conversations
        number = self._share.number(position)
        ready, is_first = self._begin, True
        while position < self._level and not progress.is_over:
            if self._left == 0:
                await self._begun.wait()
                ready = self._begin
                continue
            if self._left is not None:
                self._left -= 1
            opening = self._items.take()
            self._busy += 1
            try:
                if not is_first and (think_s := opening.item.turns[0].think_s):
                    ready += think_s
                    if ready >= progress.ends_at:
                        return
                    await self._timer.until(ready)
                    if progress.is_over:
                        return
                # A user that became ready while the stage changed is one of the new stage.
                answer = await conversations.hold(opening, progress.stage, max(ready, self._begin), number)
            finally:
                self._busy -= 1
                if self._left == 0 and not self._busy:
                    self._all_answered.set()
            is_first = False
            ready = answer.sample.t_done or clock.now()
            if answer.sample.error == "no_connection":
                ready += _RECONNECT_PAUSE_S
                await self._timer.until(ready)

    def _ahead(self, first: int) -> Ahead:
        users = max((stage.users or 0 for stage in self._share.stages), default=0)
        numbers = (first + self._share.number(position) for position in count())
        return Ahead(self._conversations.prepare, numbers, min(users, _MOST_AHEAD))
