"""A circuit breaker for one backend: after enough failures it is left alone for a while, then tried with one attempt.

It learns from the attempts of real requests only and sends none of its own.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Literal

from gateway.errors import RETRY_AFTER_S
from gateway.telemetry import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config_sections import BreakerConfig

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Whether a backend may be attempted now.

    Closed, it lets all attempts pass and counts their failures. Open, it lets none pass for `open_s`. Then it is
    half-open: one attempt is the probe, whose end closes it or opens it again; the others are kept away meanwhile.

    Each attempt says `begin` at its start and, with the number that it got, one of `succeeded`, `failed` and
    `abandoned` at its end. The number tells attempts from before the last change of state, which no longer count.

    Args:
        backend: the backend's name, for the log.
        config: when it opens, and for how long.
        clock: seconds that only grow.

    Attributes:
        state: as above.
        on_open: called when an attempt of this process's own has opened it.
    """

    def __init__(self, backend: str, config: BreakerConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.state: State = "closed"
        self.on_open: Callable[[], None] | None = None
        self._backend = backend
        self._config = config
        self._clock = clock
        self._era = 0
        self._opened_at = 0.0
        self._probing = False
        self._consecutive = 0
        self._latest: deque[bool] = deque(maxlen=config.window)

    def wait_s(self) -> float:
        """Seconds until an attempt may begin; 0 if it may now. While a probe runs nobody knows, so it is a guess."""
        if self.state == "closed":
            return 0.0
        if self._probing:
            return float(RETRY_AFTER_S)
        return max(0.0, self._opened_at + self._config.open_s - self._clock())

    def begin(self) -> int:
        """Note that an attempt begins, which only happens while `wait_s` is 0; its number."""
        if self.state != "closed":
            self._change("half-open")
            self._probing = True
        return self._era

    def answering(self, number: int) -> int:
        """Note that a stream's first event came, which is all that a probe has to show; its number from now on."""
        if number == self._era and self.state == "half-open":
            self._change("closed")
            return self._era
        return number

    def succeeded(self, number: int) -> None:
        """Note that an attempt got its answer."""
        if number != self._era:
            return
        if self.state == "half-open":
            self._change("closed")
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
            if self.on_open is not None:
                self.on_open()

    def open_for(self, wait_s: float) -> None:
        """Leave the backend alone for so many seconds, since another process found it failing."""
        self._opened_at = self._clock() + wait_s - self._config.open_s
        self._change("open", told_by="another process")

    def abandoned(self, number: int) -> None:
        """Note that an attempt was given up, which says nothing about the backend; another one may be the probe."""
        if number == self._era:
            self._probing = False

    def _has_failed_enough(self) -> bool:
        consecutive, rate = self._config.consecutive_failures, self._config.failure_rate
        if consecutive is not None and self._consecutive >= consecutive:
            return True
        full = len(self._latest) == self._latest.maxlen
        return rate is not None and full and sum(self._latest) >= rate * len(self._latest)

    def _change(self, state: State, **why: str) -> None:
        if state != self.state:
            level = logging.WARNING if state == "open" else logging.INFO
            say("breaker", level=level, backend=self._backend, state=state, failures=self._consecutive, **why)
        self.state = state
        self._era += 1
        self._probing = False
        if state == "closed":
            self._consecutive = 0
            self._latest.clear()
