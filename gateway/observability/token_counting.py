"""Counting the tokens of requests that no backend counted, by the tokenizer of their model.

It begins when a request has ended, so no answer waits for it; only then are log, ledger, metrics and traces told of the
request. What cannot be counted soon stays an estimate: the backend is gone, hangs, or too many wait.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from gateway.errors.base import GatewayError
from gateway.logs.events import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config.observability import Price
    from gateway.limits.admission import Reservation
    from gateway.request.record import RequestRecord
    from gateway.request.usage import TokenCounter, Usage

AT_ONCE = 4
WAITING = 1000
WITHIN_S = 2.0
"""From a request's end, the wait for others included."""
LAST_S = 0.3
"""So long may what is left hold up the gateway's end."""


class TokenCounting:
    """Counts a few requests at a time.

    Args:
        tell: called with each request when its tokens are as good as they get.
    """

    def __init__(self, tell: Callable[[RequestRecord], None]) -> None:
        self._tell = tell
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def take(
        self, record: RequestRecord, counter: TokenCounter, price: Price | None, reservation: Reservation | None
    ) -> bool:
        """Have a settled request counted soon; False if too many wait already, or the gateway ends.

        Args:
            record: the request, with an estimate.
            counter: counts its tokens.
            price: of its model.
            reservation: what its key has paid by the estimate.
        """
        if self._closing or len(self._tasks) >= WAITING:
            return False
        task = asyncio.get_running_loop().create_task(self._count(record, counter, price, reservation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """Wait for what is being counted, but no longer than `LAST_S`; the rest is told as it is."""
        self._closing = True
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=LAST_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _count(
        self, record: RequestRecord, counter: TokenCounter, price: Price | None, reservation: Reservation | None
    ) -> None:
        try:
            if usage := await self._counted(counter):
                record.charge(usage, price)
                if reservation is not None:
                    reservation.correct(*record.spent)
        finally:
            self._tell(record)

    async def _counted(self, counter: TokenCounter) -> Usage | None:
        try:
            async with asyncio.timeout(WITHIN_S), self._places:
                return await counter.count()
        except (GatewayError, TimeoutError):
            return None
        except Exception as error:  # noqa: BLE001  # whatever it is, the estimate stands and is told
            log_event("count_failed", level=logging.ERROR, reason=repr(error))
            return None
