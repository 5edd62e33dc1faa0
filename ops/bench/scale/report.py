"""The command `python -m ops.bench.scale.report STORE RUN`: a report in a process of its own, and what it took.

It prints the report, and as its last line `ReportCost` as JSON, without the wall time, which its parent knows.

The largest memory is the system's own count: `getrusage` on Linux and macOS, the peak working set on Windows.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from keywords.engine import clock
from keywords.engine.load.metrics.summary import Summary
from keywords.engine.load.report.build import build_report
from keywords.engine.load.report.page import as_html
from keywords.engine.load.report.text import as_text
from keywords.engine.load.service_levels import parse_service_levels
from keywords.engine.load.storage.columns import read_samples
from keywords.engine.store.database import Store
from keywords.engine.store.runs import read_run

_LEVELS = "ttft < 500 ms, tpot < 50 ms, ttft_p95 < 500 ms, chunk_gap_p99 < 100 ms, e2e_p99 < 5 s, error_rate < 5 %"
_KIBIBYTE = 1024


class ReportError(Exception):
    """The report was not made."""


@dataclass(frozen=True, slots=True)
class ReportCost:
    """What a report took.

    Attributes:
        wall_s: from the start of its process to the end of it.
        cpu_s: processor time of that process, user and system.
        peak_mb: its largest resident memory, in 10^6 bytes.
        text: the report.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    text: str


def measure_report(path: Path, run: int) -> ReportCost:
    """Make a report of a run in a process of its own.

    Raises:
        ReportError: the process failed.
    """
    began = clock.now()
    command = [sys.executable, "-m", "ops.bench.scale.report", str(path), str(run)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)  # noqa: S603  # our own
    wall_s = clock.now() - began
    if done.returncode:
        raise ReportError(f"the report was not made: {(done.stderr.splitlines() or ['it said nothing'])[-1]}")
    text, _, last = done.stdout.rstrip().rpartition("\n")
    return ReportCost(wall_s=wall_s, text=text, **json.loads(last))


def _main() -> None:
    path, run = Path(sys.argv[1]), int(sys.argv[2])
    with Store(path) as store:
        row = read_run(store, run)
    report = build_report(Summary(read_samples(path, run)), row, levels=parse_service_levels(_LEVELS))
    as_html(report)
    times = psutil.Process().cpu_times()
    cost = {"cpu_s": times.user + times.system, "peak_mb": peak_bytes() / 1e6}
    sys.stdout.buffer.write(f"{as_text(report)}\n{json.dumps(cost)}\n".encode())


def peak_bytes() -> int:
    """The largest resident memory of this process so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # noqa: PLC0415  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIBIBYTE


if __name__ == "__main__":
    _main()
