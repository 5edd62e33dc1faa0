"""Health of a client process, watched while it runs."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from keywords.engine import clock
from keywords.engine.load.run import ClientHealth
from keywords.engine.load.share import DRAIN
from keywords.engine.load.thinned import ThinnedValues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.load.conversations import Progress
    from keywords.engine.load.timer import Timer

_EVERY_S = 0.01
_MEMORY_EVERY = 50
"""Ticks from one look at the memory to the next."""
_MOST_SWALLOWED = 100_000
_WINDOW_S = 5.0
_SHORTEST_WINDOW_S = 1.0


class HealthWatch:
    """Samples the lag of the event loop 100 times a second, the memory twice, and the processor's share in windows.

    Args:
        timer: of the event loop.
        progress: of the run, which knows the stage.
    """

    def __init__(self, timer: Timer, progress: Progress) -> None:
        self._timer = timer
        self._progress = progress
        self._lags: dict[int, ThinnedValues] = {}
        self._drains = False
        self._process = psutil.Process(os.getpid())
        self._largest_rss = 0
        self._ticks = 0
        self._is_running = True
        self._shares: list[float] = []
        self._began_cpu_s = time.process_time()
        self._planned = clock.now()
        self._window = (self._planned, self._began_cpu_s)
        self._tick()

    def drain(self) -> None:
        """Note lags and processor time apart from those of the stages: an idle drain would hide them."""
        self._drains = True
        self._close_last_window()

    def end(self) -> None:
        """End with the last answer."""
        self._is_running = False
        self._close_last_window()

    def health(self, process: int, send_lags: Sequence[ThinnedValues], exhausted: int) -> ClientHealth:
        """The health of a process."""
        self._look_at_memory()
        return ClientHealth(
            process=process,
            cpu_share=max(self._shares, default=0.0),
            loop_lags_s={stage: lags.values for stage, lags in self._lags.items()},
            cpu_s=time.process_time() - self._began_cpu_s,
            max_rss_bytes=self._largest_rss,
            send_lags_s={stage: lags.values for stage, lags in enumerate(send_lags)},
            exhausted=exhausted,
        )

    def _tick(self) -> None:
        if not self._is_running:
            return
        now = clock.now()
        if self._ticks and (self._drains or self._progress.stage >= 0):
            self._note_lags(now - self._planned)
        if self._ticks % _MEMORY_EVERY == 0:
            self._look_at_memory()
        if now - self._window[0] >= _WINDOW_S:
            self._close_window()
        self._ticks += 1
        self._planned = max(self._planned + _EVERY_S, now)
        self._timer.call_at(self._planned, self._tick)

    def _note_lags(self, lag_s: float) -> None:
        """Note a lag, and those of the ticks that it swallowed: a loop that stood still was late for each of them."""
        lags = self._lags.setdefault(DRAIN if self._drains else self._progress.stage, ThinnedValues())
        for swallowed in range(min(1 + int(lag_s / _EVERY_S), _MOST_SWALLOWED)):
            lags.add(lag_s - swallowed * _EVERY_S)

    def _close_last_window(self) -> None:
        if not self._shares or clock.now() - self._window[0] > _SHORTEST_WINDOW_S:
            self._close_window()

    def _close_window(self) -> None:
        now, cpu_s = clock.now(), time.process_time()
        self._shares.append((cpu_s - self._window[1]) / max(now - self._window[0], _EVERY_S))
        self._window = (now, cpu_s)

    def _look_at_memory(self) -> None:
        with suppress(OSError):  # it reads a file, and the load may have taken all descriptors
            self._largest_rss = max(self._largest_rss, self._process.memory_info().rss)
