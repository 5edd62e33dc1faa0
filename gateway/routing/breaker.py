"""The circuit breaker of one backend: repeated failures open it; after `open_s` one probe decides.

It learns from the attempts of real requests only and sends none of its own.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.errors.base import RETRY_AFTER_S
from gateway.logs.events import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config.server import BreakerConfig

State = Literal["closed", "open", "half-open"]

USUAL_FAILURES = 5
"""Failures in a row that open a breaker without a configured condition: Envoy's `outlier_detection.consecutive_5xx`."""
_NO_GENERATION = -1


class Coordination(Protocol):
    """Coordinates a breaker with those of other processes for the same backend."""

    async def acquire_probe(self) -> bool:
        """Acquire the lease of the probe; False if another process holds it."""

    def announce_open(self) -> None:
        """Announce that an attempt of this process opened the breaker."""

    def announce_closed(self) -> None:
        """Announce that the probe of this process closed the breaker."""

    def release_probe(self) -> None:
        """Release the lease: the probe of this process was abandoned."""


class Breaker:
    """Decides whether a backend may be attempted now.

    Closed: every attempt passes and failures are counted. Open: no attempt passes for `open_s`. Half-open: one attempt
    passes as the probe; its end closes the breaker or opens it again, and no other attempt passes meanwhile.

    Without a configured condition, `USUAL_FAILURES` in a row open it, and it refuses nothing: where no other backend is
    left to ask, an attempt passes. Its success closes the breaker.

    Processes that share a breaker have one probe among them: `may_begin` acquires its lease.

    Each attempt calls `begin` at its start and one of `succeeded`, `failed` and `abandoned` at its end. `begin` returns
    the generation, which rises with every change of state: attempts of an older generation count no more.

    Args:
        backend: name of the backend, for the log.
        config: when the breaker opens, and for how long.
        clock: monotonic time in seconds.
        has_alternative: whether some route has another backend; without one, only a configured condition opens it.

    Attributes:
        config: as given.
        state: `closed`, `open` or `half-open`.
        refuses: whether no attempt may begin while it is open; else others come first.
        can_open: whether any failures open it.
        coordination: the way to the other processes; None if there are none.
    """

    def __init__(
        self,
        backend: str,
        config: BreakerConfig,
        clock: Callable[[], float] = time.monotonic,
        *,
        has_alternative: bool = True,
    ) -> None:
        self.state: State = "closed"
        self.refuses = config.has_condition
        self.can_open = config.has_condition or has_alternative
        self.coordination: Coordination | None = None
        self._backend = backend
        self.config = config
        self._most_consecutive = config.consecutive_failures if config.has_condition else USUAL_FAILURES
        self._clock = clock
        self._generation = 0
        self._opened_at = 0.0
        self._probing = False
        # The attempt that begins next holds the lease.
        self._has_lease = False
        self._probed_elsewhere = False
        self._consecutive = 0
        self._recent: deque[bool] = deque(maxlen=config.window)

    def wait_s(self) -> float:
        """Seconds until an attempt may begin; 0 if it may now, a guess while a probe runs."""
        if self.state == "closed":
            return 0.0
        if self._probing or self._probed_elsewhere:
            return float(RETRY_AFTER_S)
        return max(0.0, self._opened_at + self.config.open_s - self._clock())

    async def may_begin(self) -> bool:
        """Whether an attempt may begin now; acquires the lease where a probe needs one.

        The caller has found that `wait_s` is 0, or that the breaker does not refuse and no other backend is left.
        """
        if self.state == "closed" or self.coordination is None or self.wait_s() > 0:
            return True
        generation, acquired, self._probing = self._generation, False, True
        try:
            acquired = await self.coordination.acquire_probe()
        finally:
            if self._generation == generation:
                self._probing = acquired
        if self._generation != generation:
            # An announcement of another process changed the state meanwhile.
            if acquired:
                self.coordination.release_probe()
            return self.wait_s() == 0
        self._probed_elsewhere = not acquired
        self._has_lease = acquired
        return acquired

    def begin(self) -> int:
        """Note that an attempt begins, after `may_begin`.

        Returns:
            The generation of the attempt.
        """
        if self.state == "closed":
            return self._generation
        if not self._has_lease and self.wait_s() > 0:
            # No other backend was left. While a probe runs, it alone decides.
            return self._generation if self.state == "open" else _NO_GENERATION
        self._change("half-open")
        self._probing = True
        return self._generation

    def answering(self, generation: int) -> int:
        """Note the first event of a stream, which is enough for a probe to succeed.

        Returns:
            The generation of the attempt from now on.
        """
        if generation == self._generation and self.state != "closed":
            self._close()
            return self._generation
        return generation

    def succeeded(self, generation: int) -> None:
        """Note that an attempt got its answer."""
        if generation != self._generation:
            return
        if self.state != "closed":
            self._close()
        self._consecutive = 0
        if self.config.failure_rate is not None:
            self._recent.append(False)

    def failed(self, generation: int) -> None:
        """Note that an attempt failed by the backend's fault."""
        if generation != self._generation or self.state == "open":
            return
        self._consecutive += 1
        if self.config.failure_rate is not None:
            self._recent.append(True)
        if self.state == "half-open" or self._has_failed_enough():
            self._opened_at = self._clock()
            self._change("open")
            if self.coordination is not None:
                self.coordination.announce_open()

    def abandoned(self, generation: int) -> None:
        """Note that an attempt was abandoned: it counts as nothing, and another one may be the probe."""
        if generation == self._generation and self._probing:
            self._probing = False
            if self.coordination is not None:
                self.coordination.release_probe()

    def apply_remote_open(self, open_s: float) -> None:
        """Open for `open_s` seconds: another process found the backend failing."""
        self._opened_at = self._clock() + open_s - self.config.open_s
        self._change("open", told_by="another process")

    def apply_remote_close(self) -> None:
        """Close: the probe of another process succeeded."""
        if self.state != "closed":
            self._change("closed", told_by="another process")

    def apply_remote_release(self) -> None:
        """Note that no other process is probing any more."""
        self._probed_elsewhere = False

    def _close(self) -> None:
        self._change("closed")
        if self.coordination is not None:
            self.coordination.announce_closed()

    def _has_failed_enough(self) -> bool:
        if not self.can_open:
            return False
        consecutive, rate = self._most_consecutive, self.config.failure_rate
        if consecutive is not None and self._consecutive >= consecutive:
            return True
        full = len(self._recent) == self._recent.maxlen
        return rate is not None and full and sum(self._recent) >= rate * len(self._recent)

    def _change(self, state: State, **why: str) -> None:
        if state != self.state:
            level = logging.WARNING if state == "open" else logging.INFO
            log_event("breaker", level=level, backend=self._backend, state=state, **why, failures=self._consecutive)
        self.state = state
        self._generation += 1
        self._probing = self._probed_elsewhere = self._has_lease = False
        if state == "closed":
            self._consecutive = 0
            self._recent.clear()
