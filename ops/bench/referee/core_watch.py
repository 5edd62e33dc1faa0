"""Watch over a core: how busy it was between two moments."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import psutil

from keywords.engine import clock

if TYPE_CHECKING:
    from types import TracebackType

_EVERY_S = 0.1


class CoreWatch:
    """Notes a core's busy time ten times a second, that of all programs on it: a client suffers from each of them.

    Args:
        core: its number.
    """

    def __init__(self, core: int) -> None:
        self._core = core
        self._notes: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="core watch", daemon=True)

    def __enter__(self) -> Self:
        self._note()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._note()

    @property
    def notes(self) -> tuple[tuple[float, float], ...]:
        """Moments by `clock.now()`, each with the core's busy seconds since the machine's start."""
        return tuple(self._notes)

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._note()

    def _note(self) -> None:
        cores = psutil.cpu_times(percpu=True)
        times = cores[min(self._core, len(cores) - 1)]
        self._notes.append((clock.now(), sum(times) - times.idle - getattr(times, "iowait", 0.0)))


def busy_share(notes: tuple[tuple[float, float], ...], begin: float, end: float) -> float | None:
    """Busy share of a core between two moments by `clock.now()`, 0 to 1; None if it was noted less than twice then."""
    within = [note for note in notes if begin <= note[0] <= end]
    if len(within) < 2 or within[-1][0] <= within[0][0]:  # noqa: PLR2004  # a difference needs two
        return None
    return (within[-1][1] - within[0][1]) / (within[-1][0] - within[0][0])
