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
_START_SECONDS = 1.0


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

    def cost(self, tool: Tool, users: int) -> Figures:
        """The processor time of a tool per chunk and per request, its start subtracted.

        Raises:
            ToolError: the tool failed.
        """
        self._set(Pace(CHUNKS, PAUSE_S))
        start = self._cpu(tool, 1, _START_SECONDS)
        paced = self._cpu(tool, users, self._seconds)
        self._set(Pace(1, 0.0))
        short = self._cpu(tool, REQUEST_USERS, self._seconds)
        return {
            "start_cpu_s": start[0],
            "cpu_us_per_chunk": (paced[0] - start[0]) * 1e6 / (paced[1] * CHUNKS - start[1] * CHUNKS),
            "cpu_us_per_request": (short[0] - start[0]) * 1e6 / short[1],
            "requests_per_s": short[1] / self._seconds,
        }

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
