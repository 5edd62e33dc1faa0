"""A circuit breaker for one backend: after enough failures it is left alone for a while, then tried with one attempt.

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


class Sharing(Protocol):
    """How a breaker and those of other processes for the same backend know of each other."""

    async def claim(self) -> bool:
        """Whether this process may send the probe; if not, another one does."""

    def opened(self) -> None:
        """Tell that an attempt of this process opened its breaker."""

    def closed(self) -> None:
        """Tell that this process's probe closed it."""

    def abandoned(self) -> None:
        """Tell that this process's probe was given up."""


class Breaker:
    """Whether a backend may be attempted now.

    Closed, it lets all attempts pass and counts their failures. Open, it lets none pass for `open_s`. Then it is
    half-open: one attempt is the probe, whose end closes it or opens it again; the others are kept away meanwhile.

    Where other processes share it, there is one probe among all of them: `may_begin` asks for it.

    Each attempt says `begin` at its start and, with the number that it got, one of `succeeded`, `failed` and
    `abandoned` at its end. The number tells attempts from before the last change of state, which no longer count.

    Args:
        backend: the backend's name, for the log.
        config: when it opens, and for how long.
        clock: seconds that only grow.

    Attributes:
        state: as above.
        sharing: the way to the other processes; None if there is none.
    """

    def __init__(self, backend: str, config: BreakerConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.state: State = "closed"
        self.sharing: Sharing | None = None
        self._backend = backend
        self._config = config
        self._clock = clock
        self._era = 0
        self._opened_at = 0.0
        self._probing = False
        self._is_kept_away = False
        self._consecutive = 0
        self._latest: deque[bool] = deque(maxlen=config.window)

    def wait_s(self) -> float:
        """Seconds until an attempt may begin; 0 if it may now. While a probe runs nobody knows, so it is a guess."""
        if self.state == "closed":
            return 0.0
        if self._probing or self._is_kept_away:
            return float(RETRY_AFTER_S)
        return max(0.0, self._opened_at + self._config.open_s - self._clock())

    async def may_begin(self) -> bool:
        """Whether an attempt may begin at once, while `wait_s` is 0: as the probe perhaps not, for another has it."""
        if self.state == "closed" or self.sharing is None:
            return True
        era, may, self._probing = self._era, False, True
        try:
            may = await self.sharing.claim()
        finally:
            if self._era == era:
                self._probing = may
        if self._era != era:
            # Another process told how it stands in this very moment.
            if may:
                self.sharing.abandoned()
            return self.wait_s() == 0
        self._is_kept_away = not may
        return may

    def begin(self) -> int:
        """Note that an attempt begins, which only happens while `wait_s` is 0 and `may_begin`; its number."""
        if self.state != "closed":
            self._change("half-open")
            self._probing = True
        return self._era

    def answering(self, number: int) -> int:
        """Note that a stream's first event came, which is all that a probe has to show; its number from now on."""
        if number == self._era and self.state == "half-open":
            self._close()
            return self._era
        return number

    def succeeded(self, number: int) -> None:
        """Note that an attempt got its answer."""
        if number != self._era:
            return
        if self.state == "half-open":
            self._close()
        self._consecutive = 0
        if self._config.failure_rate is not None:
            self._latest.append(False)

    def failed(self, number: int) -> None:
        """Note that an attempt failed by the backend's fault."""
        if number != self._era:
            return
        self._consecutive += 1
        if self._config.failure_rate is not None:
            self._latest.append(True)
        if self.state == "half-open" or self._has_failed_enough():
            self._opened_at = self._clock()
            self._change("open")
            if self.sharing is not None:
                self.sharing.opened()

    def open_for(self, wait_s: float) -> None:
        """Leave the backend alone for so many seconds, since another process found it failing."""
        self._opened_at = self._clock() + wait_s - self._config.open_s
        self._change("open", told_by="another process")

    def close_as_told(self) -> None:
        """Attempt the backend again, since another process's probe found it well."""
        if self.state != "closed":
            self._change("closed", told_by="another process")

    def come_near(self) -> None:
        """Note that no other process is probing any more."""
        self._is_kept_away = False

    def abandoned(self, number: int) -> None:
        """Note that an attempt was given up, which says nothing about the backend; another one may be the probe."""
        if number == self._era and self._probing:
            self._probing = False
            if self.sharing is not None:
                self.sharing.abandoned()

    def _close(self) -> None:
        self._change("closed")
        if self.sharing is not None:
            self.sharing.closed()

    def _has_failed_enough(self) -> bool:
        consecutive, rate = self._config.consecutive_failures, self._config.failure_rate
        if consecutive is not None and self._consecutive >= consecutive:
            return True
        full = len(self._latest) == self._latest.maxlen
        return rate is not None and full and sum(self._latest) >= rate * len(self._latest)

    def _change(self, state: State, **why: str) -> None:
        if state != self.state:
            level = logging.WARNING if state == "open" else logging.INFO
            log_event("breaker", level=level, backend=self._backend, state=state, **why, failures=self._consecutive)
        self.state = state
        self._era += 1
        self._probing = self._is_kept_away = False
        if state == "closed":
            self._consecutive = 0
            self._latest.clear()
