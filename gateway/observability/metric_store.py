"""The store of all metric series: in this process, or in memory that all workers of a gateway share.

The shared memory is an anonymous file that the parent creates and hands to its workers. Each worker writes to its own
part and reads the others', so any worker can answer a scrape completely. Counts outlive a worker: its replacement goes
on from them.
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
"""By metric name and label values: the series' values in each process that has it."""

# One worker's part in bytes: pid and length of the names, the names from `_NAMES_AT`, the values from `_VALUES_AT`.
_PART_BYTES = 1 << 19
_NAMES_AT = 16
_VALUES_AT = 1 << 17


class MetricStore:
    """The series of this process alone."""

    def __init__(self) -> None:
        self._own: dict[SeriesKey, Values] = {}

    def series(self, name: str, labels: tuple[str, ...], count: int = 1, *, gauge: bool = False) -> Values:
        """The values of one series, to be changed in place; all 0 in a new one.

        Args:
            name: of the metric.
            labels: the values of its labels.
            count: how many values the series has; always the same for one name.
            gauge: the values describe the process and end with it; NaN stands for "no value".
        """
        values = self._own.get((name, labels))
        if values is None:
            values = self._own[name, labels] = self._allocate(name, labels, count, gauge=gauge)
        return values

    def read(self) -> SeriesByName:
        """All series of all processes, except the gauges of dead ones."""
        series: SeriesByName = {}
        for (name, labels), values in self._own.items():
            _add(series, name, labels, list(values))
        return series

    def pids(self) -> list[int]:
        """The process ids of all workers, by index; 0 for a dead one."""
        return [os.getpid()]

    def _allocate(self, name: str, labels: tuple[str, ...], count: int, *, gauge: bool) -> Values:
        del name, labels, gauge
        return [0.0] * count


class SharedMetricStore(MetricStore):
    """The series of one worker, in memory that the others read too.

    Args:
        descriptor: of the file from `open_metric_memory`.
        index: of this worker.
    """

    def __init__(self, descriptor: int, index: int) -> None:
        super().__init__()
        self._view = memoryview(mmap.mmap(descriptor, 0))
        self._parts = [_Part(self._view[at : at + _PART_BYTES]) for at in range(0, len(self._view), _PART_BYTES)]
        self._part = self._parts[index]
        self._is_full = False
        for name, labels, gauge, values in self._part.series():
            self._own[name, labels] = values
            if gauge:
                # Left by the previous worker with this index.
                values[:] = array("d", [math.nan]) * len(values)
        self._part.head[0] = os.getpid()

    def read(self) -> SeriesByName:
        """See `MetricStore.read`."""
        series: SeriesByName = {}
        for part in self._parts:
            lives = part.pid != 0
            for name, labels, gauge, values in part.series():
                if lives or not gauge:
                    _add(series, name, labels, list(values))
        return series

    def pids(self) -> list[int]:
        """See `MetricStore.pids`."""
        return [part.pid for part in self._parts]

    def _allocate(self, name: str, labels: tuple[str, ...], count: int, *, gauge: bool) -> Values:
        values = self._part.add(name, labels, count, gauge=gauge)
        if values is not None:
            return values
        if not self._is_full:
            self._is_full = True
            log_event("metrics_full", level=logging.ERROR, reason="too many series; further ones are not told")
        return [0.0] * count


class _Part:
    """One worker's part of the memory: its process id, the length of its names, the names, the values in that order."""

    def __init__(self, memory: memoryview) -> None:
        self.head = memory[:_NAMES_AT].cast("Q")
        self._names = memory[_NAMES_AT:_VALUES_AT]
        self._values = memory[_VALUES_AT:].cast("d")
        self._used: int | None = None

    @property
    def pid(self) -> int:
        """The process id of the worker; 0 if it is dead."""
        pid = self.head[0]
        return pid if is_alive(pid) else 0

    def series(self) -> Iterator[tuple[str, tuple[str, ...], bool, memoryview[float]]]:
        """Each series: its name, its labels, whether it is a gauge, its values."""
        at = 0
        for line in bytes(self._names[: self.head[1]]).splitlines():
            name, labels, count, gauge = json.loads(line)
            yield name, tuple(labels), gauge, self._values[at : at + count]
            at += count

    def add(self, name: str, labels: tuple[str, ...], count: int, *, gauge: bool) -> memoryview[float] | None:
        """Add a series and return its values; None if the part is full."""
        line = json.dumps([name, labels, count, gauge]).encode() + b"\n"
        if self._used is None:
            self._used = sum(len(values) for _, _, _, values in self.series())
        used = self._used
        end = self.head[1] + len(line)
        if end > len(self._names) or used + count > len(self._values):
            return None
        self._names[self.head[1] : end] = line
        # Set last, so that no reader sees half a name.
        self.head[1] = end
        self._used += count
        return self._values[used : used + count]


def open_metric_memory(workers: int) -> int:
    """Create the shared memory for this many workers; return its descriptor, which child processes may inherit."""
    return open_memory("llm-gateway-metrics", workers * _PART_BYTES)


def _add(series: SeriesByName, name: str, labels: tuple[str, ...], values: list[float]) -> None:
    if not math.isnan(values[0]):
        series.setdefault(name, {}).setdefault(labels, []).append(values)
