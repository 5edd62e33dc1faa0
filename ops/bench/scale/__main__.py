"""The command `python -m ops.bench.scale`: what a report on a million samples takes, or the pages of 2,000 rows.

Exit status 0 if it meets its targets, 1 if not, 2 if there is no verdict, 130 if it is broken off. There is no verdict
either where only the wall time is missed, and other processes took the processor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from keywords.engine import clock
from keywords.engine.load.storage.synthetic import write_samples
from keywords.engine.machine import Machine, measure_machine
from keywords.engine.store.errors import StoreError
from ops.bench.progress import break_off_on_signals, log_progress
from ops.bench.scale.matrix import CommandError, measure_command, write_project
from ops.bench.scale.report import ReportCost, ReportError, measure_report

MOST_S = 20.0
"""Wall time of a report on a million samples."""
MOST_MB = 1000.0
"""Its largest resident memory, in 10^6 bytes."""
BUSY = 1.5
"""Slowdown of the machine from which a wall time proves nothing."""


MATRIX_MOST_S = 3.0
"""Wall time of matrix and summary of 2,000 rows and 500 requirements, each in a process of its own."""
MATRIX_MOST_MB = 200.0
"""The larger resident memory of the two, in 10^6 bytes."""
ROWS, REQUIREMENTS = 2000, 500


def measure_pages() -> bool:
    """Make matrix and summary of a large run, print what they took, and tell whether that meets the targets.

    Raises:
        CommandError: one of them was not made.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        write_project(Path(folder), ROWS, REQUIREMENTS)
        costs = [measure_command(Path(folder), command) for command in ("matrix", "summary")]
    wall_s, cpu_s = sum(cost.wall_s for cost in costs), sum(cost.cpu_s for cost in costs)
    peak_mb = max(cost.peak_mb for cost in costs)
    is_met = wall_s < MATRIX_MOST_S and peak_mb < MATRIX_MOST_MB
    sys.stdout.write(
        f"matrix and summary of {ROWS} rows and {REQUIREMENTS} requirements: {wall_s:.1f} s (target: under "
        f"{MATRIX_MOST_S:g} s), processor {cpu_s:.1f} s, {peak_mb:.0f} MB (target: under {MATRIX_MOST_MB:g} MB); "
        f"{measure_machine()}: {'met' if is_met else 'NOT MET'}\n"
    )
    return is_met


def measure(samples: int, chunks: int) -> ReportCost:
    """Write a store of many samples into a temporary folder, and make a report of it.

    Raises:
        StoreError: the store cannot be written.
        ReportError: the report was not made.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        path = Path(folder, "measurements.db")
        began = clock.now()
        run = write_samples(path, samples, chunks)
        log_progress(f"{samples} samples written in {clock.now() - began:.1f} s, {path.stat().st_size / 1e6:.0f} MB")
        return measure_report(path, run)


def main() -> None:
    """Measure, print the figures, and judge them."""
    options = _options()
    break_off_on_signals()
    try:
        if options.what == "matrix":
            sys.exit(not measure_pages())
        cost = measure(options.samples, options.chunks)
    except KeyboardInterrupt:
        log_progress("broken off")
        sys.exit(130)
    except (StoreError, ReportError, CommandError) as error:
        log_progress(f"no verdict: {error}")
        sys.exit(2)
    if options.show:
        sys.stdout.write(cost.text + "\n")
    code, judgement = _judge(cost, machine := measure_machine())
    sys.stdout.write(
        f"report on {options.samples} samples: {cost.wall_s:.1f} s (target: under {MOST_S:g} s), processor "
        f"{cost.cpu_s:.1f} s, {cost.peak_mb:.0f} MB (target: under {MOST_MB:g} MB); {machine}: {judgement}\n"
    )
    sys.exit(code)


def _judge(cost: ReportCost, machine: Machine) -> tuple[int, str]:
    if cost.peak_mb >= MOST_MB or cost.cpu_s >= MOST_S:
        return 1, "NOT MET"
    if cost.wall_s < MOST_S:
        return 0, "met"
    return (2, "no verdict, the machine is busy") if machine.slowdown > BUSY else (1, "NOT MET")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ops.bench.scale", description="Pages and reports on a large scale."
    )
    parser.add_argument("what", choices=["samples", "matrix"], help="what there is much of")
    parser.add_argument("--samples", type=int, default=1_000_000, help="their number (default: 1000000)")
    parser.add_argument("--chunks", type=int, default=50, help="mean chunks of an answer (default: 50)")
    parser.add_argument("--show", action="store_true", help="print the report too")
    options = parser.parse_args()
    if options.samples < 1 or options.chunks < 1:
        parser.error("--samples and --chunks must be 1 or more")
    return options


if __name__ == "__main__":
    main()
