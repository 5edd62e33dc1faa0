"""How much slower than alone this machine works at the moment: the control of measured times."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Self

from keywords.engine import clock

_WORK_S = 0.1
"""Processor time of the control work; Windows counts it in steps of 16 ms."""
ALLOWED_SLOWDOWN = 6.0
"""The slowdown that limits allow for: each is many times what an idle machine takes."""
BUSY = 2.0
"""Slowdown of a machine from which on a process may be late through no fault of its own."""
_BEAT_S = 0.05
_STALL_S = 0.1
WAIT_S = 0.05
"""What each process more on a core may add to a single answer: a few time slices."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The state of the machine at one moment.

    Attributes:
        load: processes that run or wait for a core, mean of the last minute.
        cores: number of cores.
        wait_ratio: time that work took now, over its processor time; 1 on an idle machine.
    """

    load: float
    cores: int
    wait_ratio: float

    @property
    def slowdown(self) -> float:
        """How many times longer than alone work takes, at least 1: now or in the last minute, whichever is worse."""
        return max(1.0, self.wait_ratio, self.load / self.cores)

    def explains_s(self, limit_s: float, *, wait_s: float = WAIT_S) -> float:
        """The longest time that this machine's state explains where the limit is `limit_s`, in seconds.

        Args:
            limit_s: limit on an idle machine; it allows for a sixfold slowdown.
            wait_s: seconds that each further process on a core may add; 0 for a median, which single waits do not move.
        """
        return limit_s * max(1.0, self.slowdown / ALLOWED_SLOWDOWN) + wait_s * (self.slowdown - 1)

    def __str__(self) -> str:
        return f"load {self.load:.1f} on {self.cores} cores, work takes {self.slowdown:.1f} times as long as alone"


def measure_machine(work_s: float = _WORK_S) -> Machine:
    """Work for some processor time, and compare with the time that passed.

    Windows: `psutil` estimates the load from samples, and counts it as 0 at first.

    Args:
        work_s: seconds of processor time; an idle machine takes as long for it.
    """
    started, worked = clock.now(), time.thread_time()
    while time.thread_time() - worked < work_s:
        pass
    ratio = (clock.now() - started) / (time.thread_time() - worked)
    import psutil  # noqa: PLC0415  # each scripted backend imports this module, and none asks for the load

    return Machine(load=psutil.getloadavg()[0], cores=os.cpu_count() or 1, wait_ratio=ratio)


class StallWatch:
    """Note, during a `with` block, when this process got no core: all of the machine may have stood still then.

    A thread wakes up every twentieth of a second, and notes by how much later it did.
    """

    def __init__(self) -> None:
        self._stalls: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def stalled_s(self, began: float, ended: float) -> float:
        """Seconds of a span of time, by `clock.now()`, in which this process stood still for 0.1 s or more."""
        return sum(max(0.0, min(ended, until) - max(began, since)) for since, until in list(self._stalls))

    def _watch(self) -> None:
        due = clock.now() + _BEAT_S
        while not self._ended.wait(max(0.0, due - clock.now())):
            now = clock.now()
            if now - due > _STALL_S:
                self._stalls.append((due, now))
            due = now + _BEAT_S


class Deadline:
    """A time limit of a wait; on a busy machine it is as much longer as the machine's state at the limit explains.

    So a wait that has no end still ends, and an answer that is late only because of other processes is awaited.

    Args:
        limit_s: seconds from now, on an idle machine.
    """

    def __init__(self, limit_s: float) -> None:
        self._started_at = clock.now()
        self._limit_s = limit_s
        self._is_final = False

    @property
    def limit_s(self) -> float:
        """The limit that holds now, in seconds."""
        return self._limit_s

    def left_s(self) -> float:
        """Seconds until the limit; 0 or less once it has passed, what the machine's state explains included."""
        left = self._started_at + self._limit_s - clock.now()
        if left <= 0 and not self._is_final:
            self._is_final = True
            self._limit_s = measure_machine().explains_s(self._limit_s)
            left = self._started_at + self._limit_s - clock.now()
        return left

    def is_over(self) -> bool:
        """Whether the limit has passed."""
        return self.left_s() <= 0
