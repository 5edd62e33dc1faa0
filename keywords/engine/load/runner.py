"""Runner: the load of one client process, from its first request to the last answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.engine import clock
from keywords.engine.load.client import LoadClient
from keywords.engine.load.closed_loop import ClosedLoop
from keywords.engine.load.conversations import Conversations
from keywords.engine.load.health import HealthWatch
from keywords.engine.load.open_loop import OpenLoop
from keywords.engine.load.tasks import Tasks
from keywords.engine.load.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Callable

    from keywords.engine.load.run import ClientHealth
    from keywords.engine.load.sample import Sample
    from keywords.engine.load.share import Share


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """What a client process says at its end.

    Attributes:
        stage_bounds: begin and end of each stage that began.
        begun: items of each stage that were begun in time, see `RunFacts.begun`.
        unsent: requests that were due and never sent.
        health: of the process.
    """

    stage_bounds: tuple[tuple[float, float], ...]
    begun: tuple[int, ...]
    unsent: int
    health: ClientHealth


class Runner:
    """Runs a share of a load plan; create it within a running loop.

    Args:
        share: what to send.
        hand_over: takes each finished sample; called in the loop, so it must be quick.
    """

    def __init__(self, share: Share, hand_over: Callable[[Sample], None]) -> None:
        self._share = share
        self._timer = Timer()
        self._client = LoadClient(share.target, timeout_s=share.timeout_s)
        self._tasks = Tasks(self._fail)
        self._conversations = Conversations(share, self._client, self._timer, hand_over)
        kind = OpenLoop if share.is_open else ClosedLoop
        self._loop = kind(share, self._conversations, self._timer, self._tasks)
        self._running: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._failure: BaseException | None = None

    def prepare(self) -> None:
        """Make the first items, so that the load can begin.

        Raises:
            Exception: one could not be made.
        """
        self._loop.prepare()

    async def run(self, start: float) -> RunnerFacts:
        """Run to the end.

        Args:
            start: of the first stage after the warm-up, by `clock.now()`.

        Raises:
            Exception: an item could not be made; no server causes one.
        """
        watch = HealthWatch(self._timer, self._conversations.progress)
        try:
            if not self._is_stopped:
                self._running = asyncio.create_task(self._loop.run(start))
                await asyncio.wait([self._running])
                if not self._running.cancelled() and (error := self._running.exception()) is not None:
                    self._fail(error)
            self._loop.close()
            now = clock.now()
            watch.drain()
            if self._is_stopped:
                await self._tasks.cancel()
            else:
                await self._tasks.wait(self._share.drain_s)
            watch.end()
            if self._failure is not None:
                raise self._failure
            bounds = tuple((begin, min(end, now)) for begin, end in self._loop.bounds if begin <= now)
            health = watch.health(self._share.process, self._conversations.send_lags, self._client.exhausted)
            return RunnerFacts(bounds, tuple(self._conversations.begun), self._conversations.unsent, health)
        finally:
            self._client.close()
            self._timer.close()

    def stop(self) -> None:
        """End now: send nothing more, and cancel what is under way."""
        self._is_stopped = True
        self._loop.close()
        if self._running is not None:
            self._running.cancel()
        for task in self._tasks.running:
            task.cancel()

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self.stop()
