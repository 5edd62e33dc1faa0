"""Health of a client process, watched while it runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import psutil

from keywords.engine import clock
from keywords.engine.load.run import ClientHealth
from keywords.engine.load.thinned import ThinnedValues

if TYPE_CHECKING:
    from keywords.engine.load.timer import Timer

_EVERY_S = 0.01
_MEMORY_EVERY = 50
"""Ticks from one look at the memory to the next."""


class HealthWatch:
    """Samples the lag of the event loop 100 times a second, and the memory twice a second.

    Args:
        timer: of the event loop.
    """

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._lags = ThinnedValues()
        self._process = psutil.Process(os.getpid())
        self._largest_rss = 0
        self._ticks = 0
        self._began = self._planned = clock.now()
        self._began_cpu_s = time.process_time()

    def start(self) -> None:
        """Begin; it ends with the timer."""
        self._began = self._planned = clock.now()
        self._began_cpu_s = time.process_time()
        self._tick()

    def health(self, process: int, send_lags: ThinnedValues, exhausted: int) -> ClientHealth:
        """The health so far."""
        cpu_s = time.process_time() - self._began_cpu_s
        self._look_at_memory()
        return ClientHealth(
            process=process,
            cpu_share=cpu_s / max(clock.now() - self._began, _EVERY_S),
            loop_lags_s=self._lags.values,
            cpu_s=cpu_s,
            max_rss_bytes=self._largest_rss,
            send_lags_s=send_lags.values,
            exhausted=exhausted,
        )

    def _tick(self) -> None:
        now = clock.now()
        if self._ticks:
            self._lags.add(now - self._planned)
        if self._ticks % _MEMORY_EVERY == 0:
            self._look_at_memory()
        self._ticks += 1
        self._planned = max(self._planned + _EVERY_S, now)
        self._timer.call_at(self._planned, self._tick)

    def _look_at_memory(self) -> None:
        self._largest_rss = max(self._largest_rss, self._process.memory_info().rss)
