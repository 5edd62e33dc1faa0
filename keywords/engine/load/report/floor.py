"""Calibration floor in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywords.engine.load.report.content import ReportTable
from keywords.engine.load.report.numbers import number

if TYPE_CHECKING:
    from keywords.engine.load.calibration import Floor, FloorLevel, Spread

_HEAD = (
    "users",
    "requests",
    "ttft_first_content ms: p50, highest",
    "chunk_gap ms: p50, highest",
    "e2e ms: p50, highest",
    "rps",
    "chunks/s",
)


def floor_table(floor: Floor) -> ReportTable:
    """What this client measures where the server takes no time."""
    rows = tuple(map(_row, (floor.alone, floor.together)))
    return ReportTable("Calibration floor: a server without any delay", _HEAD, rows)


def floor_remark(floor: Floor, now: float) -> str:
    """How old the floor is, and what a request costs the client.

    Args:
        floor: the floor.
        now: moment of the report, by `clock.now()`.
    """
    age_s = max(0.0, now - floor.measured_at)
    cpu = f"{floor.cpu_us_per_request:.0f} µs a request, {floor.cpu_us_per_chunk:.1f} µs a chunk"
    return (
        f"The calibration floor was measured {age_s:.0f} s before this report, against a scripted backend on this "
        f"machine; it cost the client {cpu} of processor time. What lies below it is not the server's"
    )


def _row(level: FloorLevel) -> tuple[str, ...]:
    times = (_cell(level.ttft), _cell(level.chunk_gap), _cell(level.e2e))
    return (str(level.users), str(level.requests), *times, number(level.rps), number(level.chunks_per_s))


def _cell(spread: Spread) -> str:
    return f"{number(spread.median_s, 1000)}, {spread.percentile} {number(spread.worst_s, 1000)}"
