"""Where metrics keep their store: in this process, or in memory that all workers of a gateway can read.

That memory is one file without a name, which the parent makes and hands on; it ends with the last of them. Each worker
writes to a part of its own and reads the others', so whichever answers a scrape knows all there is at that moment. What
a worker counted outlives it: the one that takes its place goes on from there.
"""

from __future__ import annotations

import json
import logging
import math
import mmap
import os
from array import array
from typing import TYPE_CHECKING

from gateway.logs.events import log_event
from gateway.operating_system.processes import is_alive
from gateway.operating_system.shared_memory import open_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    Values = list[float] | memoryview[float]

SeriesKey = tuple[str, tuple[str, ...]]
"""A metric's name, and the values of its labels."""
SeriesByName = dict[str, dict[tuple[str, ...], list[list[float]]]]
"""By the same two: the store of each process that has the series."""

_PART = 1 << 19
_NAMES_AT = 16
_VALUES_AT = 1 << 17


class MetricStore:
    """Series of this process alone."""

    def __init__(self) -> None:
        self._own: dict[SeriesKey, Values] = {}

    def series(self, name: str, labels: tuple[str, ...], count: int = 1, *, gauge: bool = False) -> Values:
        """The store of one series, to be changed in place; all 0 if it is new.

        Args:
            name: the metric's.
            labels: values of its labels.
            count: how many store it has, always the same for one name.
            gauge: they say how things stand, and so end with the process that they are about; NaN is none.
        """
        found = self._own.get((name, labels))
        if found is None:
            found = self._own[name, labels] = self._room(name, labels, count, gauge=gauge)
        return found

    def read(self) -> SeriesByName:
        """All series of all processes; of dead ones all but the gauges."""
        found: SeriesByName = {}
        for (name, labels), values in self._own.items():
            _add(found, name, labels, list(values))
        return found

    def pids(self) -> list[int]:
        """The processes that live, by index; 0 in place of one that does not."""
        return [os.getpid()]

    def _room(self, name: str, labels: tuple[str, ...], count: int, *, gauge: bool) -> Values:
        del name, labels, gauge
        return [0.0] * count


class SharedMetricStore(MetricStore):
    """Series of one worker, in memory that the others read too.

    Args:
        descriptor: of the file from `open_metric_memory`.
        index: which worker this is.
    """

    def __init__(self, descriptor: int, index: int) -> None:
        super().__init__()
        self._view = memoryview(mmap.mmap(descriptor, 0))
        self._parts = [_Part(self._view[at : at + _PART]) for at in range(0, len(self._view), _PART)]
        self._part = self._parts[index]
        self._is_full = False
        for name, labels, gauge, values in self._part.series():
            self._own[name, labels] = values
            if gauge:
                # Of the worker before this one in its place.
                values[:] = array("d", [math.nan]) * len(values)
        self._part.head[0] = os.getpid()

    def read(self) -> SeriesByName:
        """See `MetricStore.read`."""
        found: SeriesByName = {}
        for part in self._parts:
            lives = part.pid != 0
            for name, labels, gauge, values in part.series():
                if lives or not gauge:
                    _add(found, name, labels, list(values))
        return found

    def pids(self) -> list[int]:
        """See `MetricStore.pids`."""
        return [part.pid for part in self._parts]

    def _room(self, name: str, labels: tuple[str, ...], count: int, *, gauge: bool) -> Values:
        room = self._part.add(name, labels, count, gauge=gauge)
        if room is not None:
            return room
        if not self._is_full:
            self._is_full = True
            log_event("metrics_full", level=logging.ERROR, reason="too many series; further ones are not told")
        return [0.0] * count


class _Part:
    """One worker's part: its process id, the bytes of its names, these, and then its store in the same order."""

    def __init__(self, memory: memoryview) -> None:
        self.head = memory[:_NAMES_AT].cast("Q")
        self._names = memory[_NAMES_AT:_VALUES_AT]
        self._values = memory[_VALUES_AT:].cast("d")
        self._used: int | None = None

    @property
    def pid(self) -> int:
        """The worker's, if it lives, else 0."""
        pid = self.head[0]
        return pid if is_alive(pid) else 0

    def series(self) -> Iterator[tuple[str, tuple[str, ...], bool, memoryview[float]]]:
        """Name, labels, whether it is a gauge, and store of each."""
        at = 0
        for line in bytes(self._names[: self.head[1]]).splitlines():
            name, labels, count, gauge = json.loads(line)
            yield name, tuple(labels), gauge, self._values[at : at + count]
            at += count

    def add(self, name: str, labels: tuple[str, ...], count: int, *, gauge: bool) -> memoryview[float] | None:
        """Room for one more; None if there is none."""
        line = json.dumps([name, labels, count, gauge]).encode() + b"\n"
        if self._used is None:
            self._used = sum(len(values) for _, _, _, values in self.series())
        used = self._used
        end = self.head[1] + len(line)
        if end > len(self._names) or used + count > len(self._values):
            return None
        self._names[self.head[1] : end] = line
        # Last, so that no reader takes half a name for a whole one.
        self.head[1] = end
        self._used += count
        return self._values[used : used + count]


def open_metric_memory(workers: int) -> int:
    """Make the file for so many workers; its descriptor, which child processes may be given."""
    return open_memory("llm-gateway-metrics", workers * _PART)


def _add(found: SeriesByName, name: str, labels: tuple[str, ...], values: list[float]) -> None:
    if not math.isnan(values[0]):
        found.setdefault(name, {}).setdefault(labels, []).append(values)
