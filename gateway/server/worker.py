"""One of the gateway's worker processes, as it sees itself.

Linux, macOS: it ends itself by SIGTERM when its parent ends. Windows: there is only one worker, without a parent.
"""

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
    """Position of this process among the workers.

    Attributes:
        index: its number, from 0.
        count: number of workers.
        slots: slots that all workers share; None if this is the only one.
    """

    index: int = 0
    count: int = 1
    slots: SharedSlots | None = None

    def concurrency_limiter(self, limits: Limits) -> ConcurrencyLimiter | None:
        """Create the limiter of requests under way; None if the configuration has no limit."""
        if limits.in_flight is None:
            return None
        if self.slots is None:
            return ConcurrencyLimiter(limits.in_flight, limits.queue, limits.queue_wait_s)
        return SharedConcurrencyLimiter(self.slots, self.index, limits.in_flight, limits.queue, limits.queue_wait_s)


ONLY_WORKER = Worker()


def follow_parent() -> None:
    """End this worker when its parent ends, in whatever way."""

    def wait() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def tell_ready() -> None:
    """Tell the parent that this worker answers requests."""
    os.write(1, READY)
