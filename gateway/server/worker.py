"""One of the processes that answer, seen from within."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.limits.concurrency import ConcurrencyLimiter
from gateway.limits.shared_concurrency import SharedConcurrencyLimiter

if TYPE_CHECKING:
    from gateway.config.server import Limits
    from gateway.limits.shared_slots import SharedSlots

READY = b"ready\n"


@dataclass(frozen=True, slots=True)
class Worker:
    """Which of the gateway's processes this is.

    Attributes:
        index: its number, from 0.
        count: how many there are.
        slots: where they count their requests together; None if there is no other.
    """

    index: int = 0
    count: int = 1
    slots: SharedSlots | None = None

    def concurrency_limiter(self, limits: Limits) -> ConcurrencyLimiter | None:
        """The bound on requests under way; None if there is none."""
        if limits.in_flight is None:
            return None
        if self.slots is None:
            return ConcurrencyLimiter(limits.in_flight, limits.queue, limits.queue_wait_s)
        return SharedConcurrencyLimiter(self.slots, self.index, limits.in_flight, limits.queue, limits.queue_wait_s)


ONLY_WORKER = Worker()


def follow_parent() -> None:
    """Have this worker end when its parent does, however that ends."""

    def wait() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def tell_ready() -> None:
    """Tell the parent that this worker answers."""
    os.write(1, READY)
