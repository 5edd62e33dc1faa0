"""Laps: one tool under one load, as figures by name; `page.FIGURES` has the units."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2

from keywords.engine.statistics.percentiles import TooFewValuesError, percentile
from ops.bench.referee.core_watch import busy_share
from ops.bench.referee.server import Pace, Record
from ops.bench.referee.streams import client_errors
from ops.bench.referee.tools import Level, ToolError, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ops.bench.referee.result import Figures
    from ops.bench.referee.tools import Tool

CHUNKS, PAUSE_S = 50, 0.02
START_S = CHUNKS * PAUSE_S / 2
"""The first stream of each user begins within it, all others after it."""
REQUEST_USERS = 32
SHORT_S = 2.0
"""Duration of the lap whose cost is subtracted from that of a longer one."""
PACED = 3
"""Durations of a lap that the cost of a chunk is taken over: a second has fewer chunks than short requests."""


class Track:
    """The referee as the bench sees it.

    Args:
        url: its address.
        folder: for the tools' files.
        seconds: duration of a lap.
    """

    def __init__(self, url: str, folder: Path, seconds: float) -> None:
        self.url = url
        self._folder = folder
        self._seconds = seconds
        self._laps = 0

    def accuracy(self, tool: Tool, users: int) -> Figures:
        """The errors of a tool at some users.

        Raises:
            ToolError: the tool failed.
        """
        self._set(Pace(CHUNKS, PAUSE_S))
        ran = run(tool, self.url, Level(users, self._seconds), self._next(tool))
        # A tool may ask a little before it begins; its own samples tell what belongs to the load.
        measured = {stream.id for stream in ran.streams}
        records = {name: record for name, record in self._records().items() if name in measured and record.sent_s}
        if not records:
            raise ToolError(f"{tool.name} measured no stream at {users} users")
        errors = client_errors(ran.streams, records, start_s=START_S)
        sent = records.values()
        chunks = sum(len(record.sent_s) for record in sent)
        began, ended = min(record.received_s for record in sent), max(record.sent_s[-1] for record in sent)
        figures: dict[str, float | None] = {
            "streams": errors.streams,
            "broken": errors.broken,
            "refused": float(ran.refused),
            "ttft_error_p50_ms": _percentile_ms(errors.ttft_s, 50),
            "ttft_error_p99_ms": _percentile_ms([abs(error) for error in errors.ttft_s], 99),
            "gap_error_p50_ms": _percentile_ms(errors.gaps_s, 50),
            "gap_error_p99_ms": _percentile_ms(errors.gaps_s, 99),
            "achieved": chunks * PAUSE_S / (users * (ended - began)),
            "core_share": busy_share(ran.core, began, ended),
        }
        return {name: value for name, value in figures.items() if value is not None}

    def chunk_cost(self, tool: Tool, users: int) -> Figures:
        """The processor time of a tool per chunk, and that of a run without one.

        It is the slope between two laps of one load and two durations. So what a run costs once is not in it, be it
        the start or the report; and what it costs each second is.

        Raises:
            ToolError: the tool failed.
        """
        self._set(Pace(CHUNKS, PAUSE_S))
        each_s, beside_s, _ = self._slope(tool, users, PACED * self._seconds, CHUNKS)
        return {"start_cpu_s": beside_s, "cpu_us_per_chunk": each_s * 1e6}

    def request_cost(self, tool: Tool) -> Figures:
        """The processor time of a tool per request of one chunk without a pause, and how many it sends in a second.

        It is a slope as that of `chunk_cost`.

        Raises:
            ToolError: the tool failed.
        """
        self._set(Pace(1, 0.0))
        each_s, _, rate = self._slope(tool, REQUEST_USERS, self._seconds, 1)
        return {"cpu_us_per_request": each_s * 1e6, "requests_per_s": rate}

    def _slope(self, tool: Tool, users: int, seconds: float, chunks: int) -> tuple[float, float, float]:
        """Processor seconds of a chunk, those of a run without one, and answers in a second."""
        short_s, few = self._cpu(tool, users, SHORT_S)
        long_s, many = self._cpu(tool, users, SHORT_S + seconds)
        if many <= few:
            raise ToolError(f"{tool.name} got {few} answers in {SHORT_S:g} s and {many} in {SHORT_S + seconds:g} s")
        each_s = (long_s - short_s) / (many - few)
        if each_s <= 0:
            raise ToolError(f"{tool.name} took {short_s:.2f} s of processor time in {SHORT_S:g} s, and less in more")
        return each_s / chunks, short_s - each_s * few, (many - few) / seconds

    def _cpu(self, tool: Tool, users: int, seconds: float) -> tuple[float, int]:
        """Processor seconds, and answers that the referee sent to their end."""
        ran = run(tool, self.url, Level(users, seconds, samples=False), self._next(tool))
        return ran.cpu_s, sum(record.whole for record in self._records().values())

    def _next(self, tool: Tool) -> Path:
        self._laps += 1
        return self._folder / f"{self._laps:03d}-{tool.name.replace(' ', '-')}"

    def _set(self, pace: Pace) -> None:
        self._control("/pace", json.dumps({"chunks": pace.chunks, "pause_s": pace.pause_s}))

    def _records(self) -> dict[str, Record]:
        return {each[0]: Record(*each) for each in self._control("/records")}

    def _control(self, path: str, body: str = "") -> Any:
        return httpx2.post(self.url + path, content=body, timeout=60).json()


def _percentile_ms(values_s: Sequence[float], p: int) -> float | None:
    try:
        return percentile(values_s, p) * 1e3
    except TooFewValuesError:
        return None
