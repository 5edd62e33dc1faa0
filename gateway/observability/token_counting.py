"""Count the tokens of requests whose backend reported none, with the tokenizer of their model.

Counting begins when the request has ended, so no answer waits for it. The sinks get the request after that. If the
backend is gone or hangs, or too many requests wait, the estimate stands.
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

CONCURRENCY = 4
WAITING_LIMIT = 1000
WITHIN_S = 2.0
"""The time limit of one count, waits for others included."""
CLOSE_S = 0.3
"""How long the remaining counts may delay the gateway's end."""


class TokenCounting:
    """Counts the tokens of a few requests at a time.

    Args:
        on_counted: called with each request when its count is complete, or has failed and the estimate stands.
    """

    def __init__(self, on_counted: Callable[[RequestRecord], None]) -> None:
        self._on_counted = on_counted
        self._semaphore = asyncio.Semaphore(CONCURRENCY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(
        self, record: RequestRecord, counter: TokenCounter, price: Price | None, reservation: Reservation | None
    ) -> bool:
        """Start counting a settled request; False if too many wait already, or the gateway ends.

        Args:
            record: the request, with an estimate.
            counter: counts its tokens.
            price: of its model.
            reservation: its key has been charged by the estimate.
        """
        if self._closing or len(self._tasks) >= WAITING_LIMIT:
            return False
        task = asyncio.get_running_loop().create_task(self._count(record, counter, price, reservation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """Wait for the running counts, but no longer than `CLOSE_S`; the rest keep their estimate."""
        self._closing = True
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=CLOSE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _count(
        self, record: RequestRecord, counter: TokenCounter, price: Price | None, reservation: Reservation | None
    ) -> None:
        try:
            if usage := await self._usage(counter):
                record.charge(usage, price)
                if reservation is not None:
                    reservation.correct(*record.spent)
        finally:
            self._on_counted(record)

    async def _usage(self, counter: TokenCounter) -> Usage | None:
        try:
            async with asyncio.timeout(WITHIN_S), self._semaphore:
                return await counter.count()
        except (GatewayError, TimeoutError):
            return None
        except Exception as error:  # noqa: BLE001  # any defect of a counter: the estimate stands
            log_event("count_failed", level=logging.ERROR, reason=repr(error))
            return None
