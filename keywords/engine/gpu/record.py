"""Record what a GPU answers, idle and under load: `python -m keywords.engine.gpu.record OUT.json`.

The recording can be replayed where there is no GPU: `python -m keywords.engine.gpu.report OUT.json FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywords.engine.gpu.session import CollectorError, TelemetrySession
from keywords.engine.gpu.workload import NoToolError, WorkloadError, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywords.engine.gpu.workload import Work

LOADS: tuple[Work, ...] = ("matmul", "copy")
UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, and return 2 if there is nothing to be recorded."""
    parser = argparse.ArgumentParser(prog="python -m keywords.engine.gpu.record", description=__doc__)
    parser.add_argument("to", type=Path, help="the recording, JSON")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (10)")
    parser.add_argument("--idle", type=float, default=4.0, help="seconds before and after the loads (4)")
    parser.add_argument("--python", default="", help="a Python with PyTorch for CUDA; this one if left out")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            session = TelemetrySession(Path(folder) / "telemetry.jsonl", record=options.to)
        except CollectorError as error:
            print(error, file=sys.stderr)  # noqa: T201  # the user reads it
            return UNUSABLE
        try:
            loads = _put_loads_on(session, options.seconds, options.idle, options.python)
            telemetry = session.finish()
        finally:
            session.close()
    note(
        options.to, loads=loads, windows=[[each.name, each.start_s, each.end_s] for each in telemetry.windows.values()]
    )
    count = len(telemetry.capabilities[0].supported())
    print(f"{options.to}: {count} signals, {len(telemetry.samples)} samples; loads: {loads}")  # noqa: T201  # as above
    return 0


def note(recording: Path, **notes: Any) -> None:
    """Keep what is worth knowing beside the answers of a recording."""
    document = json.loads(recording.read_text("utf-8"))
    document["notes"] |= notes
    document["made_by"] = "python -m keywords.engine.gpu.record"
    recording.write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")


def _put_loads_on(session: TelemetrySession, seconds: float, idle: float, python: str) -> dict[str, Any]:
    """What came of each load, or why nothing did."""
    loads: dict[str, Any] = {}
    with session.window("idle"):
        session.wait(idle)
    for work in LOADS:
        try:
            done = run_program(work, seconds=seconds, python=python)
        except (NoToolError, WorkloadError) as error:
            loads[work] = str(error)
            continue
        session.add_window(work, *done.ends)
        loads[work] = {"tool": done.tool, **done.numbers}
    with session.window("idle after"):
        session.wait(idle)
    return loads


if __name__ == "__main__":
    sys.exit(main())
